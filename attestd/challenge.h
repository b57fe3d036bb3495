/* challenge: a random value that one attestation may answer, once, and what has
 * to be remembered until it does. */
#pragma once
#include "registry.h"
#include "store.h"

struct challenge {
    uint8_t bytes[CHALLENGE_LEN];
};

/* Fits the memory store's short records, so that a million cost little. */
struct challenge_record {
    struct digest jkt;    /* of the instance key that must answer */
    struct build_tag tag; /* of client and build */
    int64_t issued_at;    /* seconds since the epoch */
    uint16_t blocks;      /* how many of each kind were drawn */
    uint32_t streak;      /* attestations before this one, in a row */
    double miss;          /* chance that these have missed one altered block */
};

/* Records a challenge whose bytes the caller has drawn: ST_OK, ST_BUSY or another
 * status of the store. Send it only after ST_OK. */
void challenge_issue(struct store *store, const struct challenge *c,
                     const struct challenge_record *record, uint32_t ttl_ms, store_fn *done,
                     void *arg);

/* ST_OK for the first caller only, whose callback decodes the record;
 * ST_NOT_FOUND if unknown, expired or consumed (a client must not learn which). */
void challenge_consume(struct store *store, const uint8_t bytes[static CHALLENGE_LEN],
                       store_fn *done, void *arg);

/* ST_INVALID if it is not a record of ours. */
enum status challenge_record_decode(struct slice value, struct challenge_record *out) MUST_USE;
