#include "verifier.h"

static const struct verifier *const verifiers[PROBE_KIND_COUNT] = {
    [PROBE_MEMORY] = &VERIFIER_MEMORY,
    [PROBE_FILE] = &VERIFIER_FILE,
};

const struct verifier *verifier_of(enum probe_kind kind)
{
    return verifiers[kind];
}
