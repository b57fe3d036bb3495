#include "device_queue.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "box.h"
#include "secret.h"

enum {
    PLAIN_MAX = GRANT_ID_LEN + DEVICE_LINK_MESSAGE_MAX,
    SEALED_MAX = PLAIN_MAX + BOX_OVERHEAD,
    NAME_MAX_LEN = DEVICE_ID_MAX + 32
};

struct device_queue {
    struct device_queue_options options;
    struct device_queue_round *rounds;
    bool stopped;
};

/* A grant on its way to a place. */
struct adding {
    struct device_queue *queue;
    char device[DEVICE_ID_MAX + 1];
    uint32_t place;
    uint32_t ttl_ms;
    uint8_t sealed[SEALED_MAX];
    size_t len;
    device_queue_fn *done;
    void *arg;
};

struct device_queue_round {
    struct device_queue *queue;
    struct device_queue_round *next;
    char device[DEVICE_ID_MAX + 1];
    bool again; /* somebody asked meanwhile */
    bool kept;  /* something goes on waiting */
    uint32_t place;
    device_queue_push_fn *push;
    void *arg;
};

/* Without memory for so little nobody can be answered any more, as in the stores. */
static void *allocate(size_t size)
{
    void *memory = calloc(1, size);

    if (!memory)
        abort();
    return memory;
}

/* --- names in the store --- */

static struct store_key key_named(const char *device, const char *what)
{
    char name[NAME_MAX_LEN];
    int n = snprintf(name, sizeof name, "%s %s", what, device);

    return store_key_hashed(STORE_DEVICE, (struct slice){ (const uint8_t *)name, (size_t)n });
}

static struct store_key place_key(const char *device, uint32_t place)
{
    char what[16];

    snprintf(what, sizeof what, "%u", (unsigned)place);
    return key_named(device, what);
}

/* Says that there is something at all. It outlives every grant. */
static struct store_key mark_key(const char *device)
{
    return key_named(device, "waiting");
}

static struct box_scope scope_of(const char *device)
{
    return (struct box_scope){ "device queue", slice_of(device) };
}

/* --- adding --- */

static void added(struct adding *a, enum status st)
{
    device_queue_fn *done = a->done;
    void *arg = a->arg;

    free(a);
    done(arg, st);
}

static void marked(void *arg, enum status st, struct slice value)
{
    (void)value;
    added(arg, st);
}

static void try_place(struct adding *a);

static void placed(void *arg, enum status st, struct slice value)
{
    struct adding *a = arg;
    const struct settings *s = a->queue->options.settings;

    (void)value;
    if (st == ST_EXISTS) {
        a->place++;
        try_place(a);
        return;
    }
    if (st) {
        added(a, st);
        return;
    }
    const struct store_key key = mark_key(a->device);
    uint32_t ttl_ms = s->device.grant_max_lifetime * 1000;
    store_put(a->queue->options.store, &key, SLICE_LIT("1"),
              ttl_ms > a->ttl_ms ? ttl_ms : a->ttl_ms, marked, a);
}

/* A callback of the store's, so that nothing fires before device_queue_add has returned. */
static void full(void *arg, enum status st, struct slice value)
{
    (void)st, (void)value;
    added(arg, ST_BUSY);
}

static void try_place(struct adding *a)
{
    struct store *store = a->queue->options.store;
    const struct store_key key = place_key(a->device, a->place);

    if (a->place == a->queue->options.settings->device.queue)
        store_get(store, &key, full, a);
    else
        store_create(store, &key, (struct slice){ a->sealed, a->len }, a->ttl_ms, placed, a);
}

static enum status seal(struct adding *a, const uint8_t grant_id[static GRANT_ID_LEN],
                        struct slice grant)
{
    uint8_t plain[PLAIN_MAX];
    struct writer p = writer_over(plain, sizeof plain);
    struct writer w = writer_over(a->sealed, sizeof a->sealed);
    const struct box_scope scope = scope_of(a->device);

    writer_put(&p, (struct slice){ grant_id, GRANT_ID_LEN });
    writer_put(&p, grant);
    enum status st =
        p.full ? ST_TOO_LARGE
               : box_close(a->queue->options.settings->seal, &scope, writer_slice(&p), &w);
    secret_wipe(plain, sizeof plain);
    a->len = w.len;
    return st;
}

static void not_sealed(void *arg, enum status st, struct slice value)
{
    (void)st, (void)value;
    added(arg, ST_INTERNAL);
}

void device_queue_add(struct device_queue *q, const char *device,
                      const uint8_t grant_id[static GRANT_ID_LEN], struct slice grant,
                      uint32_t ttl_ms, device_queue_fn *done, void *arg)
{
    struct adding *a = allocate(sizeof *a);
    const struct store_key key = mark_key(device);

    *a = (struct adding){ .queue = q, .ttl_ms = ttl_ms, .done = done, .arg = arg };
    snprintf(a->device, sizeof a->device, "%s", device);
    if (seal(a, grant_id, grant))
        store_get(q->options.store, &key, not_sealed, a);
    else
        try_place(a);
}

/* --- handing out --- */

static struct device_queue_round *round_of(const struct device_queue *q, const char *device)
{
    struct device_queue_round *r = q->rounds;

    while (r && strcmp(r->device, device) != 0)
        r = r->next;
    return r;
}

static void begin(struct device_queue_round *r, bool sure);

static void end(struct device_queue_round *r)
{
    struct device_queue_round **at = &r->queue->rounds;

    if (r->again && !r->queue->stopped) {
        r->again = false;
        begin(r, true);
        return;
    }
    while (*at != r)
        at = &(*at)->next;
    *at = r->next;
    free(r);
}

static void unmarked(void *arg, enum status st, struct slice value)
{
    (void)st, (void)value;
    end(arg);
}

static void look(struct device_queue_round *r);

/* Those behind may be there though this one is not: places empty in any order. */
static void next_place(struct device_queue_round *r)
{
    const struct store_key key = mark_key(r->device);

    if (r->queue->stopped)
        end(r);
    else if (++r->place < r->queue->options.settings->device.queue)
        look(r);
    else if (r->kept)
        end(r);
    else
        store_take(r->queue->options.store, &key, unmarked, r);
}

static void removed(void *arg, enum status st, struct slice value)
{
    (void)st, (void)value;
    next_place(arg);
}

static void remove_it(struct device_queue_round *r)
{
    const struct store_key key = place_key(r->device, r->place);

    store_take(r->queue->options.store, &key, removed, r);
}

void device_queue_pushed(struct device_queue_round *r, enum status st)
{
    if (!r->queue->stopped && (st == ST_OK || st == ST_DENIED ||
                               st == ST_EXPIRED)) { /* it will not take it another time either */
        remove_it(r);
        return;
    }
    end(r);
}

static void open_and_push(struct device_queue_round *r, struct slice sealed)
{
    const struct device_queue_options *o = &r->queue->options;
    const struct box_scope scope = scope_of(r->device);
    uint8_t room[SEALED_MAX];
    struct slice plain;
    enum status st = sealed.len > sizeof room ? ST_INVALID
                                              : box_open(o->settings->seal, clock_wall(o->clock),
                                                         &scope, sealed, room, &plain);

    if (st || plain.len < GRANT_ID_LEN)
        remove_it(r); /* sealed under a key that is gone, or not by us */
    else
        r->push(r->arg, r, r->device, plain.data,
                (struct slice){ plain.data + GRANT_ID_LEN, plain.len - GRANT_ID_LEN });
    secret_wipe(room, sizeof room);
}

static void found(void *arg, enum status st, struct slice value)
{
    struct device_queue_round *r = arg;

    if (st == ST_OK && !r->queue->stopped) {
        open_and_push(r, value);
    } else if (st == ST_NOT_FOUND) {
        next_place(r);
    } else {
        r->kept = true;
        end(r);
    }
}

static void look(struct device_queue_round *r)
{
    const struct store_key key = place_key(r->device, r->place);

    store_get(r->queue->options.store, &key, found, r);
}

static void mark_known(void *arg, enum status st, struct slice value)
{
    struct device_queue_round *r = arg;

    (void)value;
    if (st == ST_OK && !r->queue->stopped)
        look(r);
    else
        end(r);
}

static void begin(struct device_queue_round *r, bool sure)
{
    const struct store_key key = mark_key(r->device);

    r->place = 0;
    r->kept = false;
    if (sure)
        look(r);
    else
        store_get(r->queue->options.store, &key, mark_known, r);
}

void device_queue_hand_out(struct device_queue *q, const char *device, bool sure,
                           device_queue_push_fn *push, void *arg)
{
    struct device_queue_round *r = round_of(q, device);

    if (r) {
        r->again = true;
        return;
    }
    r = allocate(sizeof *r);
    *r = (struct device_queue_round){ .queue = q, .push = push, .arg = arg, .next = q->rounds };
    snprintf(r->device, sizeof r->device, "%s", device);
    q->rounds = r;
    begin(r, sure);
}

/* --- life --- */

struct device_queue *device_queue_new(const struct device_queue_options *options)
{
    struct device_queue *q = calloc(1, sizeof *q);

    if (q)
        q->options = *options;
    return q;
}

void device_queue_stop(struct device_queue *q)
{
    q->stopped = true;
}

void device_queue_free(struct device_queue *q)
{
    while (q->rounds) {
        struct device_queue_round *r = q->rounds;
        q->rounds = r->next;
        free(r);
    }
    free(q);
}

void device_queue_change(struct device_queue *q, const struct settings *settings)
{
    q->options.settings = settings;
}
