#include "verifier.h"

static const struct verifier *const verifiers[PROBE_KIND_COUNT] = {
    [PROBE_MEMORY] = &VERIFIER_MEMORY,     [PROBE_FILE] = &VERIFIER_FILE,
    [PROBE_MAPS] = &VERIFIER_MAPS,         [PROBE_IMPORTS] = &VERIFIER_IMPORTS,
    [PROBE_DEBUGGER] = &VERIFIER_DEBUGGER, [PROBE_PRELOAD] = &VERIFIER_PRELOAD,
};

const struct verifier *verifier_of(enum probe_kind kind)
{
    return verifiers[kind];
}
