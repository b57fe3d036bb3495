/* grants: the bounded table of what the mediator has pushed. A grant that was used up or revoked
 * keeps its place, without its key, until it expires: pushed again, it stays used up. */
#pragma once
#include "msg_grant.h"
#include "msg_grant_ack.h"

enum grant_state { GRANT_FREE, GRANT_USABLE, GRANT_CLAIMED, GRANT_OVER };

struct grant_slot {
    enum grant_state state;
    bool once;
    uint16_t scope_len;
    uint8_t id[GRANT_ID_LEN];
    uint8_t key[OCT_KEY_LEN];
    int64_t not_before;
    int64_t expires;
    uint8_t scope[GRANT_SCOPE_MAX];
};

struct grants {
    struct grant_slot *slots; /* the caller's */
    uint32_t capacity;
};

void grants_init(struct grants *g, struct grant_slot *slots, uint32_t capacity);
void grants_clear(struct grants *g); /* wipes */

/* `now` in seconds since the epoch, 0 if not known. */
enum grant_result grants_put(struct grants *g, const struct grant *grant, int64_t now);
void grants_revoke(struct grants *g, const uint8_t id[static GRANT_ID_LEN]);

/* One that has a key and is not over; NULL otherwise. */
struct grant_slot *grants_find(struct grants *g, const uint8_t id[static GRANT_ID_LEN]);
/* Erases the key. */
void grants_end(struct grant_slot *slot);
uint32_t grants_held(const struct grants *g);
