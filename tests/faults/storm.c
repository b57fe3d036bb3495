/* storm: presents challenges and ids to a store, each to two consumers at once,
 * while whoever started it does harm to what is behind the store; then presents
 * them all again, and says from its own ledger what was accepted twice (I2).
 *
 *   storm URL REPLICAS challenge|mark RATE ANSWER_MS
 *
 * RATE: so many a second are created, and presented ANSWER_MS later.
 *
 * Says {"ready":true} when it begins. "status" on its standard input is answered
 * with a line of figures; "again" begins the second presentation, and ends with
 * a last line of them. */
#include <event2/event.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crypto.h"
#include "store_redis.h"

enum {
    TTL_MS = 300 * 1000,
    CONSUMERS = 2, /* each with connections of its own, as two daemons have */
    ITEMS_MAX = 400 * 1000,
    OPEN_MAX = 400, /* items under way */
    TICK_MS = 5,
    AGAIN_PATIENCE_MS = 45 * 1000
};

struct storm;

/* A challenge or an id, and the ledger's account of it. */
struct item {
    struct storm *storm;
    struct store_key key;
    uint64_t ripe_at; /* steady ms */
    uint8_t open;     /* calls under way */
    uint8_t accepted; /* more than once is what must not be */
    bool retry;       /* there was no definite answer */
};

struct figures {
    uint64_t accepted, refused, lost, unavailable, uncreated;
};

struct storm {
    struct event_base *base;
    struct log *log;
    struct store *consumers[CONSUMERS];
    bool marks;
    unsigned rate; /* a second */
    unsigned answer_ms;

    struct item *items;
    size_t created, presented, again; /* of the items, so far */
    size_t open;
    double due; /* items that the rate allows by now */
    struct figures figures;

    uint64_t begun_at, last_accepted_at, longest_gap_ms;
    bool again_wanted;
    uint64_t again_since; /* 0: not yet */
    struct event *tick, *input;
};

static uint64_t now_ms(void)
{
    return clock_steady(&SYSTEM_CLOCK);
}

/* --- the ledger --- */

static void note_accepted(struct storm *s, struct item *item)
{
    uint64_t now = now_ms();

    item->accepted++;
    s->figures.accepted++;
    if (s->again_since)
        return;
    if (s->last_accepted_at && now - s->last_accepted_at > s->longest_gap_ms)
        s->longest_gap_ms = now - s->last_accepted_at;
    s->last_accepted_at = now;
}

static void note(struct storm *s, struct item *item, enum status st)
{
    if (st == ST_OK)
        note_accepted(s, item);
    else if (st == ST_NOT_FOUND || st == ST_EXISTS)
        s->figures.refused++;
    else if (st == ST_LOST)
        s->figures.lost++;
    else
        s->figures.unavailable++;
    if (st == ST_LOST || st == ST_UNAVAILABLE || st == ST_BUSY)
        item->retry = true;
}

static bool is_ready(const struct storm *s)
{
    for (size_t i = 0; i < CONSUMERS; i++)
        if (!store_ready(s->consumers[i]))
            return false;
    return true;
}

static void print_figures(const struct storm *s)
{
    size_t once = 0, twice = 0;

    for (size_t i = 0; i < s->presented; i++) {
        once += s->items[i].accepted == 1;
        twice += s->items[i].accepted > 1;
    }
    printf("{\"tried\":%zu,\"once\":%zu,\"twice\":%zu,\"refused\":%zu,\"lost\":%" PRIu64
           ",\"unavailable\":%" PRIu64 ",\"gap_ms\":%" PRIu64 ",\"since_accepted_ms\":%" PRIu64
           ",\"ready\":%s,\"done\":%s}\n",
           s->presented, once, twice, s->presented - once - twice, s->figures.lost,
           s->figures.unavailable, s->longest_gap_ms,
           s->last_accepted_at ? now_ms() - s->last_accepted_at : 0, is_ready(s) ? "true" : "false",
           s->again_since ? "true" : "false");
    fflush(stdout);
}

/* --- presenting --- */

static void on_presented(void *arg, enum status st, struct slice value)
{
    struct item *item = arg;

    (void)value;
    note(item->storm, item, st);
    if (--item->open == 0)
        item->storm->open--;
}

static void present(struct storm *s, struct item *item)
{
    item->retry = false;
    item->open = CONSUMERS;
    s->open++;
    for (size_t i = 0; i < CONSUMERS; i++)
        if (s->marks)
            store_mark(s->consumers[i], &item->key, TTL_MS, on_presented, item);
        else
            store_take(s->consumers[i], &item->key, on_presented, item);
}

static void on_created(void *arg, enum status st, struct slice value)
{
    struct item *item = arg;

    (void)value;
    if (st)
        item->storm->figures.uncreated++; /* it is presented all the same */
}

static void create(struct storm *s)
{
    struct item *item = &s->items[s->created];

    *item = (struct item){ .storm = s, .ripe_at = now_ms() + s->answer_ms };
    item->key.space = s->marks ? STORE_SPENT : STORE_CHALLENGE;
    crypto_random(item->key.id, sizeof item->key.id);
    if (!s->marks)
        store_create(s->consumers[s->created % CONSUMERS], &item->key, SLICE_LIT("x"), TTL_MS,
                     on_created, item);
    s->created++;
}

/* As fast as the rate and what is under way allow. */
static void go_on(struct storm *s)
{
    uint64_t now = now_ms();

    s->due += (double)s->rate * TICK_MS / 1000;
    if (s->due > s->rate)
        s->due = s->rate;
    while (s->due >= 1 && s->created < ITEMS_MAX) {
        create(s);
        s->due--;
    }
    while (s->presented < s->created && s->items[s->presented].ripe_at <= now && s->open < OPEN_MAX)
        present(s, &s->items[s->presented++]);
}

/* --- again --- */

/* Each until every consumer has answered definitely, however often that takes. */
static void go_again(struct storm *s)
{
    for (size_t i = 0; is_ready(s) && i < s->presented && s->open < OPEN_MAX; i++) {
        struct item *item = &s->items[i];
        bool first = i >= s->again;
        if (item->open || !(first || item->retry))
            continue;
        if (first)
            s->again = i + 1;
        present(s, item);
    }
}

static bool is_settled(const struct storm *s)
{
    if (s->again < s->presented || s->open)
        return false;
    for (size_t i = 0; i < s->presented; i++)
        if (s->items[i].retry)
            return false;
    return true;
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
    struct storm *s = arg;

    (void)fd, (void)what;
    if (!s->begun_at && !is_ready(s))
        return;
    if (!s->begun_at) {
        s->begun_at = now_ms();
        printf("{\"ready\":true}\n");
        fflush(stdout);
    }
    if (s->again_wanted && !s->again_since && !s->open)
        s->again_since = now_ms();
    if (!s->again_wanted)
        go_on(s);
    else if (s->again_since && (is_settled(s) || now_ms() - s->again_since > AGAIN_PATIENCE_MS))
        event_base_loopbreak(s->base);
    else if (s->again_since)
        go_again(s);
}

/* --- being told --- */

static void on_input(evutil_socket_t fd, short what, void *arg)
{
    struct storm *s = arg;
    char text[64];
    ssize_t n = read(fd, text, sizeof text - 1);

    (void)what;
    if (n <= 0) {
        event_base_loopbreak(s->base);
        return;
    }
    text[n] = '\0';
    if (strstr(text, "status"))
        print_figures(s);
    if (strstr(text, "again"))
        s->again_wanted = true;
}

static void open_stores(struct storm *s, const char *url, uint32_t replicas)
{
    struct store_redis_settings settings = STORE_REDIS_DEFAULTS;
    const char *why = "";

    settings.url = url;
    settings.replicas = replicas;
    settings.replica_timeout_ms = 400; /* a busy machine is not what is looked for */
    for (size_t i = 0; i < CONSUMERS; i++)
        if (store_redis_open(&settings, s->base, s->log, &s->consumers[i], &why)) {
            fprintf(stderr, "storm: %s: %s\n", url, why);
            exit(2);
        }
}

static void open_events(struct storm *s)
{
    const struct timeval every = { .tv_usec = TICK_MS * 1000 };

    s->tick = event_new(s->base, -1, EV_PERSIST, on_tick, s);
    s->input = event_new(s->base, STDIN_FILENO, EV_READ | EV_PERSIST, on_input, s);
    if (!s->tick || !s->input || event_add(s->tick, &every) || event_add(s->input, NULL))
        exit(2);
}

int main(int argc, char **argv)
{
    static struct storm s;

    if (argc != 6) {
        fprintf(stderr, "usage: storm URL REPLICAS challenge|mark RATE ANSWER_MS\n");
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    s.base = event_base_new();
    s.items = calloc(ITEMS_MAX, sizeof *s.items);
    if (!s.base || !s.items || log_new(NULL, LOG_INFO, &s.log))
        return 2;
    s.marks = strcmp(argv[3], "mark") == 0;
    s.rate = (unsigned)atoi(argv[4]);
    s.answer_ms = (unsigned)atoi(argv[5]);
    open_stores(&s, argv[1], (uint32_t)atoi(argv[2]));
    open_events(&s);
    event_base_dispatch(s.base);
    print_figures(&s);
    for (size_t i = 0; i < CONSUMERS; i++)
        store_free(s.consumers[i]);
    event_free(s.tick);
    event_free(s.input);
    event_base_free(s.base);
    log_free(s.log);
    free(s.items);
    return 0;
}
