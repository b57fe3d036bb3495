/* memory_exchange: messages between the loops of one process. */
#pragma once
#include <pthread.h>

#include "subscriptions.h"

enum { MEMORY_INBOX_MAX = 10000 }; /* messages that a loop has not read; those beyond are missed */

struct memory_inbox;
struct memory_exchange {
    pthread_mutex_t lock; /* of the list and of what lies in the inboxes */
    struct memory_inbox *first;
};
void memory_exchange_init(struct memory_exchange *x);
void memory_exchange_clear(struct memory_exchange *x); /* after every inbox */

/* Into every inbox. ST_NO_MEMORY. */
enum status memory_exchange_publish(struct memory_exchange *x, const struct store_channel *channel,
                                    struct slice message) MUST_USE;

/* One loop's, whose callbacks fire on `base`. ST_NO_MEMORY, ST_IO. */
enum status memory_inbox_new(struct memory_exchange *x, struct event_base *base,
                             struct memory_inbox **out) MUST_USE;
void memory_inbox_free(struct memory_inbox *inbox);
enum status memory_inbox_subscribe(struct memory_inbox *inbox, const struct store_channel *channel,
                                   const struct store_subscriber *who,
                                   struct store_subscription **out) MUST_USE;
void memory_inbox_unsubscribe(struct memory_inbox *inbox, struct store_subscription *subscription);
