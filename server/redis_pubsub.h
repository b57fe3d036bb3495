/* redis_pubsub: a connection to Redis that listens on channels. */
#pragma once
#include "redis_access.h"
#include "redis_locator.h"
#include "subscriptions.h"

/* The name of a channel in Redis: "prefix:channel:id". */
enum { REDIS_CHANNEL_MAX = 128 };
struct slice redis_channel_name(const char *prefix, const struct store_channel *channel,
                                uint8_t text[static REDIS_CHANNEL_MAX]);

struct redis_pubsub;
/* Connects in the background. All that it is given must stay. */
enum status redis_pubsub_new(const struct redis_access *access, struct redis_locator *locator,
                             const char *prefix, struct redis_pubsub **out) MUST_USE;
void redis_pubsub_free(struct redis_pubsub *p);

enum status redis_pubsub_subscribe(struct redis_pubsub *p, const struct store_channel *channel,
                                   const struct store_subscriber *who,
                                   struct store_subscription **out) MUST_USE;
void redis_pubsub_unsubscribe(struct redis_pubsub *p, struct store_subscription *subscription);
