/* verifier: for each kind of probe, what there is to ask about a module and the
 * data that the right answer is made of. A new probe is one file and one row. */
#pragma once
#include "registry.h"

struct verifier {
    /* How many blocks the module has; 0 if there is nothing to ask. */
    uint64_t (*blocks)(const struct module *m);
    /* Feeds block n of the module, as the genuine app has it; n is below blocks(m). */
    void (*feed)(const struct module *m, uint64_t n, struct crypto_hmac *digest);
};

extern const struct verifier VERIFIER_MEMORY;
extern const struct verifier VERIFIER_FILE;

/* NULL for a kind that is not asked yet. */
const struct verifier *verifier_of(enum probe_kind kind);
