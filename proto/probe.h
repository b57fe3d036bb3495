/* probe: one question of a challenge and the digest that answers it. */
#pragma once
#include "build_id.h"
#include "crypto.h"

enum {
    CHALLENGE_LEN = 32,
    PROBE_BLOCK_LEN = 4096, /* bytes; the last block of a range may be shorter */
    PROBE_BLOCKS_MAX = 256, /* blocks one probe may ask for */
    PROBES_MAX = 32         /* probes in one challenge */
};

enum probe_kind {
    PROBE_MEMORY,   /* blocks of a module's read-only segments, as mapped */
    PROBE_FILE,     /* blocks of a module's file */
    PROBE_MAPS,     /* what executable mappings the process has */
    PROBE_IMPORTS,  /* where import slots of a module lead to */
    PROBE_DEBUGGER, /* who traces the process */
    PROBE_PRELOAD,  /* what was to be loaded before the app's own libraries */
    PROBE_KIND_COUNT
};

/* The kind's word on the wire, and back: ST_UNSUPPORTED if unknown. */
const char *probe_kind_name(enum probe_kind kind);
enum status probe_kind_read(struct slice text, enum probe_kind *out) MUST_USE;

/* How a kind asks and is answered. */
struct probe_form {
    const char *name;    /* the kind's word */
    const char *numbers; /* what the member with the numbers is called; NULL: it asks about the
                            process, not about numbered parts of a module */
    bool reported;       /* the data is a report (report.h), which comes along */
};
const struct probe_form *probe_form(enum probe_kind kind);

/* Numbers of what is asked: blocks, numbered from 0 through the concatenation of the module's
 * read-only PT_LOAD segments' file bytes in program-header order (memory; each segment starts a
 * new block) or through its file (file); places of import slots, from the module's load bias
 * (imports). Kinds without numbers leave `module` empty. */
struct probe {
    uint32_t id;
    enum probe_kind kind;
    struct build_id module;
    uint32_t block_count;
    uint32_t blocks[PROBE_BLOCKS_MAX];
};

/* digest = HMAC-SHA256(challenge, "vouchsafe probe v1" ‖ 0 ‖ u32be id ‖ kind ‖ 0
 * ‖ jkt ‖ data): worth nothing for another challenge, probe or instance key.
 * Feed the data in order with crypto_hmac_update, end with crypto_hmac_final. */
void probe_digest_init(struct crypto_hmac *h, const uint8_t challenge[static CHALLENGE_LEN],
                       uint32_t id, enum probe_kind kind, const struct digest *jkt);
