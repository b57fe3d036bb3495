/* redis_slots: which of a Redis cluster's slots a key lies in, and who has which
 * slots (Redis cluster specification). */
#pragma once
#include "redis_url.h"

struct redisReply;

enum { REDIS_SLOT_COUNT = 16384 };

/* CRC16 of the key, or of what is in its first braces, if anything is. */
uint16_t redis_slot_of(struct slice key);

/* The reply to CLUSTER SLOTS, range by range; `asked` answered it, and is meant
 * where no host is named. ST_INVALID: it is not to be relied on. */
typedef void redis_slots_fn(void *arg, uint16_t first, uint16_t last,
                            const struct redis_endpoint *master);
enum status redis_slots_read(const struct redisReply *reply, const struct redis_endpoint *asked,
                             redis_slots_fn *each, void *arg) MUST_USE;

/* "MOVED slot host:port" and "ASK slot host:port". ST_UNSUPPORTED: something else. */
struct redis_redirection {
    bool asking; /* for this command only: the slot is on its way */
    uint16_t slot;
    struct redis_endpoint to;
};
enum status redis_redirection_read(const char *error, const struct redis_endpoint *asked,
                                   struct redis_redirection *out) MUST_USE;
