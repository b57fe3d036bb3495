/* verifier: for each kind of probe, what there is to ask about a build and what the right answer
 * is. A new probe is one file and one row. */
#pragma once
#include "claims.h"
#include "registry.h"

/* One probe as it was asked. */
struct question {
    const struct probe *probe;
    const struct build *build;
    size_t module; /* its number in the build; 0 where the kind asks about the process */
};

/* Kinds that ask for numbered things of modules have count, and number where n is not what is
 * told on the wire; others are asked once. Kinds whose data the server knows have feed, those that
 * are reported judge. */
struct verifier {
    bool covers; /* its numbers are blocks, which the coverage counts */
    /* How many things the module has; 0 if there is nothing to ask. */
    uint64_t (*count)(const struct build *build, size_t module);
    /* What the n-th one is called, in ascending order; n is below the count. */
    uint32_t (*number)(const struct build *build, size_t module, uint32_t n);
    /* Feeds block n of the module, as the genuine app has it; n is below the count. */
    void (*feed)(const struct module *m, uint64_t n, struct crypto_hmac *digest);
    /* Adds what the report shows that a genuine app's would not; nothing if it is right. */
    void (*judge)(const struct question *q, struct slice report, struct appraisal *found);
};

extern const struct verifier VERIFIER_MEMORY;
extern const struct verifier VERIFIER_FILE;
extern const struct verifier VERIFIER_MAPS;
extern const struct verifier VERIFIER_IMPORTS;
extern const struct verifier VERIFIER_DEBUGGER;
extern const struct verifier VERIFIER_PRELOAD;

const struct verifier *verifier_of(enum probe_kind kind);
