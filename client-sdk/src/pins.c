#include "pins.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct pins {
    pthread_mutex_t lock; /* of `delivered` */
    struct pin_list delivered;
    size_t configured_count;
    struct digest configured[];
};

enum vouchsafe_error pins_new(const struct vouchsafe_config *config, struct pins **out)
{
    size_t count = config->pin_count, delivered = config->delivered_pin_count;

    if (delivered > PINS_MAX || (count && !config->pins) || (delivered && !config->delivered_pins))
        return VOUCHSAFE_BAD_ARGUMENT;
    struct pins *p = calloc(1, sizeof *p + count * sizeof p->configured[0]);
    if (!p)
        return VOUCHSAFE_NO_MEMORY;
    pthread_mutex_init(&p->lock, NULL);
    p->configured_count = count;
    if (count)
        memcpy(p->configured, config->pins, count * sizeof p->configured[0]);
    p->delivered.count = delivered;
    if (delivered)
        memcpy(p->delivered.pins, config->delivered_pins, delivered * sizeof p->delivered.pins[0]);
    *out = p;
    return VOUCHSAFE_OK;
}

void pins_free(struct pins *p)
{
    if (!p)
        return;
    pthread_mutex_destroy(&p->lock);
    free(p);
}

static bool is_in(const struct digest *key, const struct digest *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (memcmp(key->bytes, list[i].bytes, sizeof key->bytes) == 0)
            return true;
    return false;
}

static bool chain_has(const struct chain *chain, const struct digest *list, size_t count)
{
    for (size_t i = 0; i < chain->count; i++)
        if (is_in(&chain->keys[i], list, count))
            return true;
    return false;
}

bool pins_hold(struct pins *p, const struct chain *chain, bool attestd)
{
    pthread_mutex_lock(&p->lock);
    bool bound = p->configured_count || (attestd && p->delivered.count);
    bool holds = !bound || chain_has(chain, p->configured, p->configured_count) ||
                 chain_has(chain, p->delivered.pins, p->delivered.count);
    pthread_mutex_unlock(&p->lock);
    return holds;
}

static bool is_same(const struct pin_list *a, const struct pin_list *b)
{
    return a->count == b->count && memcmp(a->pins, b->pins, a->count * sizeof a->pins[0]) == 0;
}

bool pins_deliver(struct pins *p, const struct pin_list *list, const struct chain *chain)
{
    if (!chain_has(chain, list->pins, list->count))
        return false;
    pthread_mutex_lock(&p->lock);
    bool news = !is_same(list, &p->delivered);
    p->delivered = *list;
    pthread_mutex_unlock(&p->lock);
    return news;
}
