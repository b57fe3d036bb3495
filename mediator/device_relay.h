/* device_relay: what mediators before one store say to each other about devices: sealed, for Redis
 * is not to learn a key.
 *
 *   u8 kind ‖ sender 16 ‖ job 16 ‖ i64be seconds since the epoch ‖ body
 *
 * Each listens on a channel of its own, where answers come, and on one for each device that is
 * connected to it. */
#pragma once
#include "bytes.h"
#include "keyring.h"
#include "msg_grant.h"
#include "store.h"

enum relay_kind {
    RELAY_PUSH,  /* to whoever holds the device; body: grant id ‖ grant */
    RELAY_HERE,  /* answer: I hold it, and have pushed */
    RELAY_DONE,  /* answer: u8 status of the push */
    RELAY_ASK,   /* to whoever holds the device: RELAY_HERE is all that is wanted */
    RELAY_WAKE,  /* to whoever holds the device: something waits for it */
    RELAY_MOVED, /* to all others: the device is connected to the sender now */
    RELAY_KIND_COUNT
};

enum {
    RELAY_ID_LEN = 16,
    RELAY_HEAD = 1 + 2 * RELAY_ID_LEN + 8,
    RELAY_BODY_MAX = GRANT_ID_LEN + DEVICE_LINK_MESSAGE_MAX,
    RELAY_SECONDS_MAX = 60 /* older messages, and those from the future, are not believed */
};

struct relay_message {
    enum relay_kind kind;
    uint8_t sender[RELAY_ID_LEN]; /* where answers go */
    uint8_t job[RELAY_ID_LEN];
    struct slice body;
};

/* The channel of a device, or of a mediator by its id. */
struct store_channel relay_device_channel(const char *device);
struct store_channel relay_own_channel(const uint8_t id[static RELAY_ID_LEN]);

/* For one channel alone: `w` has room for RELAY_SEALED_MAX bytes. */
enum { RELAY_SEALED_MAX = RELAY_HEAD + RELAY_BODY_MAX + 256 };
enum status relay_seal(const struct keyring *k, const struct store_channel *channel, int64_t now,
                       const struct relay_message *m, struct writer *w) MUST_USE;
/* Slices lie in room[RELAY_SEALED_MAX], which the caller wipes. ST_INVALID, ST_NOT_FOUND,
 * ST_DENIED; ST_EXPIRED if it is not of now. */
enum status relay_open(const struct keyring *k, const struct store_channel *channel, int64_t now,
                       struct slice sealed, uint8_t *room, struct relay_message *out) MUST_USE;
