#include "memory_exchange.h"

#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* A message, or the news that somebody listens from here on. */
struct letter {
    struct letter *next;
    struct store_channel channel;
    bool is_news;
    size_t len;
    uint8_t text[];
};

struct memory_inbox {
    struct memory_exchange *exchange;
    struct memory_inbox *next;
    struct event *wake; /* whoever posts is on another loop: it writes to a descriptor */
    int fd;
    struct subscriptions subscriptions; /* this loop's own */

    struct letter *first, **last; /* under the exchange's lock, as all below */
    size_t count;
    bool missed; /* letters, because it was full */
};

static struct letter *letter_new(const struct store_channel *channel, struct slice message)
{
    struct letter *letter = calloc(1, sizeof *letter + message.len);

    if (!letter)
        return NULL;
    letter->channel = *channel;
    letter->len = message.len;
    if (message.len)
        memcpy(letter->text, message.data, message.len);
    return letter;
}

static void letters_free(struct letter *letter)
{
    while (letter) {
        struct letter *next = letter->next;
        free(letter);
        letter = next;
    }
}

/* --- posting --- */

/* With the lock held. */
static void post(struct memory_inbox *inbox, struct letter *letter)
{
    if (!inbox->first)
        (void)eventfd_write(inbox->fd, 1);
    letter->next = NULL;
    *inbox->last = letter;
    inbox->last = &letter->next;
    inbox->count++;
}

static enum status post_copy(struct memory_inbox *inbox, const struct store_channel *channel,
                             struct slice message)
{
    if (inbox->count >= MEMORY_INBOX_MAX) {
        inbox->missed = true;
        return ST_OK;
    }
    struct letter *letter = letter_new(channel, message);
    if (!letter)
        return ST_NO_MEMORY;
    post(inbox, letter);
    return ST_OK;
}

enum status memory_exchange_publish(struct memory_exchange *x, const struct store_channel *channel,
                                    struct slice message)
{
    enum status st = ST_OK;

    pthread_mutex_lock(&x->lock);
    for (struct memory_inbox *inbox = x->first; inbox && !st; inbox = inbox->next)
        st = post_copy(inbox, channel, message);
    pthread_mutex_unlock(&x->lock);
    return st;
}

/* --- reading --- */

static struct letter *empty(struct memory_inbox *inbox, bool *missed)
{
    pthread_mutex_lock(&inbox->exchange->lock);
    struct letter *first = inbox->first;
    *missed = inbox->missed;
    inbox->missed = false;
    inbox->first = NULL;
    inbox->last = &inbox->first;
    inbox->count = 0;
    pthread_mutex_unlock(&inbox->exchange->lock);
    return first;
}

static void read_letter(struct memory_inbox *inbox, const struct letter *letter)
{
    if (letter->is_news)
        subscriptions_announce(&inbox->subscriptions, &letter->channel);
    else
        subscriptions_deliver(&inbox->subscriptions, &letter->channel,
                              (struct slice){ letter->text, letter->len });
}

static void on_wake(evutil_socket_t fd, short what, void *arg)
{
    struct memory_inbox *inbox = arg;
    eventfd_t count;
    bool missed;

    (void)what;
    (void)eventfd_read(fd, &count);
    struct letter *first = empty(inbox, &missed);
    for (const struct letter *letter = first; letter; letter = letter->next)
        read_letter(inbox, letter);
    letters_free(first);
    if (!missed)
        return;
    subscriptions_gap(&inbox->subscriptions, NULL);
    subscriptions_announce_new(&inbox->subscriptions);
}

/* --- subscribing --- */

enum status memory_inbox_subscribe(struct memory_inbox *inbox, const struct store_channel *channel,
                                   const struct store_subscriber *who,
                                   struct store_subscription **out)
{
    struct letter *news = letter_new(channel, (struct slice){ NULL, 0 });

    if (!news)
        return ST_NO_MEMORY;
    news->is_news = true;
    enum status st = subscriptions_add(&inbox->subscriptions, channel, who, out);
    if (st) {
        free(news);
        return st;
    }
    pthread_mutex_lock(&inbox->exchange->lock);
    post(inbox, news);
    pthread_mutex_unlock(&inbox->exchange->lock);
    return ST_OK;
}

void memory_inbox_unsubscribe(struct memory_inbox *inbox, struct store_subscription *subscription)
{
    subscriptions_remove(&inbox->subscriptions, subscription);
}

/* --- life --- */

void memory_exchange_init(struct memory_exchange *x)
{
    pthread_mutex_init(&x->lock, NULL);
    x->first = NULL;
}

void memory_exchange_clear(struct memory_exchange *x)
{
    pthread_mutex_destroy(&x->lock);
}

static void join(struct memory_exchange *x, struct memory_inbox *inbox)
{
    pthread_mutex_lock(&x->lock);
    inbox->next = x->first;
    x->first = inbox;
    pthread_mutex_unlock(&x->lock);
}

static void leave(struct memory_exchange *x, const struct memory_inbox *inbox)
{
    pthread_mutex_lock(&x->lock);
    for (struct memory_inbox **at = &x->first; *at; at = &(*at)->next)
        if (*at == inbox) {
            *at = inbox->next;
            break;
        }
    pthread_mutex_unlock(&x->lock);
}

enum status memory_inbox_new(struct memory_exchange *x, struct event_base *base,
                             struct memory_inbox **out)
{
    struct memory_inbox *inbox = calloc(1, sizeof *inbox);

    if (!inbox)
        return ST_NO_MEMORY;
    inbox->exchange = x;
    inbox->last = &inbox->first;
    enum status st = subscriptions_init(&inbox->subscriptions);
    inbox->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (!st && inbox->fd < 0)
        st = ST_IO;
    if (!st) {
        inbox->wake = event_new(base, inbox->fd, EV_READ | EV_PERSIST, on_wake, inbox);
        st = inbox->wake && event_add(inbox->wake, NULL) == 0 ? ST_OK : ST_NO_MEMORY;
    }
    if (st) {
        memory_inbox_free(inbox);
        return st;
    }
    join(x, inbox);
    *out = inbox;
    return ST_OK;
}

void memory_inbox_free(struct memory_inbox *inbox)
{
    if (!inbox)
        return;
    leave(inbox->exchange, inbox);
    letters_free(inbox->first);
    if (inbox->wake)
        event_free(inbox->wake);
    if (inbox->fd >= 0)
        close(inbox->fd);
    subscriptions_clear(&inbox->subscriptions);
    free(inbox);
}
