#include "device_hub.h"

#include <event2/event.h>
#include <poll.h>
#include <pthread.h>

#include "../../device_peer.h"
#include "clock.h"
#include "registered.h"

enum { PATIENCE_MS = 20000 };

struct hall {
    struct registered r;
    struct device_settings settings;
    char *listen[1];
    struct event_base *base;
    struct log *log;
    struct device_hub *hub;
    uint16_t port;
    unsigned came, left;
    enum status outcome; /* of the push; ST_COUNT: none yet */
    struct device_push push;
};

static void on_came(void *arg, struct device_link *link)
{
    struct hall *h = arg;

    (void)link;
    h->came++;
}

static void on_left(void *arg, struct device_link *link)
{
    struct hall *h = arg;

    (void)link;
    h->left++;
}

static void read_registry(struct hall *h)
{
    char folder[96];

    snprintf(folder, sizeof folder, "%s/devices", h->r.folder);
    cr_assert_eq(device_registry_read(folder, &h->settings.registry, h->r.why, sizeof h->r.why),
                 ST_OK);
}

/* The log says which port it became. */
static uint16_t port_of(const struct hall *h)
{
    char path[96], line[512];
    unsigned port = 0;

    snprintf(path, sizeof path, "%s/log", h->r.folder);
    FILE *f = fopen(path, "r");
    while (fgets(line, sizeof line, f)) {
        const char *at = strstr(line, "127.0.0.1:");
        port = at ? (unsigned)atoi(at + strlen("127.0.0.1:")) : port;
    }
    fclose(f);
    return (uint16_t)port;
}

static void hall_open(struct hall *h)
{
    static const struct device push = { .mode = DEVICE_PUSH }, sealed = { .mode = DEVICE_SEALED };
    char path[96], why[256];

    *h = (struct hall){ .settings = { .connections = 2,
                                      .handshakes = 3,
                                      .handshake_ms = 1500,
                                      .heartbeat_s = 1,
                                      .push_ms = 300,
                                      .pending = 2 },
                        .listen = { (char *)"127.0.0.1:0" },
                        .outcome = ST_COUNT };
    h->settings.listen = (struct words){ h->listen, 1 };
    registered_open(&h->r);
    registered_add(&h->r, "door", &push, NULL);
    registered_add(&h->r, "gate", &push, NULL);
    registered_add(&h->r, "hatch", &push, NULL);
    registered_add(&h->r, "pump", &sealed, NULL);
    read_registry(h);
    h->base = event_base_new();
    snprintf(path, sizeof path, "%s/log", h->r.folder);
    cr_assert_eq(log_new(path, LOG_DEBUG, &h->log), ST_OK);
    const struct device_hub_options options = { .base = h->base,
                                                .log = h->log,
                                                .settings = &h->settings,
                                                .came = on_came,
                                                .left = on_left,
                                                .arg = h };
    cr_assert_eq(device_hub_new(&options, &h->hub, why, sizeof why), ST_OK, "%s", why);
    h->port = port_of(h);
}

static void hall_close(struct hall *h)
{
    device_hub_free(h->hub);
    device_registry_free(h->settings.registry);
    event_base_free(h->base);
    log_free(h->log);
    registered_close(&h->r);
}

/* The loop goes round until the condition holds. */
#define UNTIL(h, condition)                                                                        \
    do {                                                                                           \
        uint64_t end = clock_steady(&SYSTEM_CLOCK) + PATIENCE_MS;                                  \
        while (!(condition) && clock_steady(&SYSTEM_CLOCK) < end)                                  \
            event_base_loop((h)->base, EVLOOP_ONCE);                                               \
        cr_assert(condition, #condition);                                                          \
    } while (0)

/* --- the device, in a thread of its own while it shakes hands --- */

struct caller {
    struct device_peer peer;
    uint16_t port;
    const char *id;
    uint8_t key[OCT_KEY_LEN];
    bool in;
    _Atomic bool over;
};

static void *call(void *arg)
{
    struct caller *c = arg;

    c->in = peer_connect(&c->peer, c->port, c->id, c->key);
    c->over = true;
    return NULL;
}

static bool dial_in(struct hall *h, struct caller *c, const char *id, char key)
{
    pthread_t thread;

    *c = (struct caller){ .port = h->port, .id = id };
    memset(c->key, key, sizeof c->key);
    cr_assert_eq(pthread_create(&thread, NULL, call, c), 0);
    UNTIL(h, c->over);
    pthread_join(thread, NULL);
    return c->in;
}

static void come_in(struct hall *h, struct caller *c, const char *id)
{
    unsigned before = h->came;

    cr_assert(dial_in(h, c, id, id[0]));
    UNTIL(h, h->came == before + 1);
}

static bool can_read(const struct caller *c)
{
    struct pollfd fd = { .fd = c->peer.fd, .events = POLLIN };

    return poll(&fd, 1, 0) == 1;
}

/* What the mediator says next but for heartbeats, which are answered. 0 at the end. */
static unsigned hear(struct hall *h, struct caller *c, uint8_t *room, struct slice *message)
{
    unsigned kind;

    do {
        UNTIL(h, can_read(c));
        kind = peer_hear(&c->peer, room, message);
    } while (kind == DEVICE_PING && peer_answer_beat(&c->peer, *message));
    return kind;
}

static void hang_up(struct caller *c)
{
    close(c->peer.fd);
}

/* --- pushes --- */

static void pushed(void *arg, enum status st)
{
    ((struct hall *)arg)->outcome = st;
}

static enum status push(struct hall *h, const char *id, uint8_t grant_id)
{
    uint8_t text[DEVICE_LINK_MESSAGE_MAX];
    struct writer w = writer_over(text, sizeof text);
    struct grant g = { .id = { grant_id }, .expires = 9, .scope = SLICE_LIT("unlock") };

    cr_assert_eq(grant_encode(&g, &w), ST_OK);
    h->outcome = ST_COUNT;
    h->push = (struct device_push){ .grant_id = { grant_id }, .done = pushed, .arg = h };
    enum status st = device_hub_push(h->hub, id, writer_slice(&w), &h->push);
    cr_assert_eq(h->outcome, ST_COUNT, "never before the call has returned");
    return st;
}

static void expect_grant(struct hall *h, struct caller *c, uint8_t grant_id)
{
    uint8_t room[PEER_FRAME_MAX];
    struct slice message;
    struct grant g;

    cr_assert_eq(hear(h, c, room, &message), DEVICE_GRANT);
    cr_assert_eq(grant_decode(message, &g), ST_OK);
    cr_assert_eq(g.id[0], grant_id);
}

static void acknowledge(struct caller *c, uint8_t grant_id, enum grant_result result)
{
    const uint8_t id[GRANT_ID_LEN] = { grant_id };

    cr_assert(peer_acknowledge(&c->peer, id, result));
}

Test(device_hub, what_a_device_makes_of_a_grant)
{
    static const struct {
        enum grant_result result;
        enum status st;
    } cases[] = { { GRANT_TAKEN, ST_OK },
                  { GRANT_NO_ROOM, ST_BUSY },
                  { GRANT_LATE, ST_EXPIRED },
                  { GRANT_REFUSED, ST_DENIED } };
    struct caller door;
    struct hall h;

    hall_open(&h);
    cr_assert_eq(push(&h, "door", 1), ST_NOT_FOUND);
    come_in(&h, &door, "door");
    cr_assert(device_hub_has(h.hub, "door"));
    cr_assert_eq(push(&h, "gate", 1), ST_NOT_FOUND);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cr_assert_eq(push(&h, "door", 1), ST_OK);
        expect_grant(&h, &door, 1);
        acknowledge(&door, 2, GRANT_TAKEN); /* another one's: of no account */
        acknowledge(&door, 1, cases[i].result);
        UNTIL(&h, h.outcome != ST_COUNT);
        cr_expect_eq(h.outcome, cases[i].st, "%s", status_name(h.outcome));
    }
    hang_up(&door);
    UNTIL(&h, h.left == 1);
    cr_assert_eq(push(&h, "door", 1), ST_NOT_FOUND);
    hall_close(&h);
}

Test(device_hub, who_is_not_let_in)
{
    struct caller c;
    struct hall h;

    hall_open(&h);
    cr_assert_not(dial_in(&h, &c, "door", 'x'), "another key");
    cr_assert_not(dial_in(&h, &c, "nobody", 'n'));
    cr_assert_not(dial_in(&h, &c, "pump", 'p'), "a device that does not dial in");
    cr_assert_eq(h.came, 0);
    cr_assert(dial_in(&h, &c, "door", 'd'), "and this one is");
    UNTIL(&h, h.came == 1);
    hang_up(&c);
    hall_close(&h);
}

Test(device_hub, a_handshake_alone_puts_nobody_out)
{
    struct caller door, replay = { .port = 0 };
    struct hall h;

    hall_open(&h);
    come_in(&h, &door, "door");
    /* Whoever recorded hello and first message can send them again, and no more. */
    replay.peer.fd = peer_dial(h.port);
    cr_assert(peer_say_hello(replay.peer.fd, "door"));
    const struct noise_setup setup = { .role = NOISE_INITIATOR,
                                       .prologue = SLICE_LIT("door"),
                                       .psk = door.key,
                                       .random = crypto_system_random };
    struct noise_handshake noise;
    uint8_t frame[PEER_FRAME_MAX];
    struct writer w = writer_over(frame, sizeof frame);
    noise_handshake_init(&noise, &setup);
    cr_assert_eq(noise_handshake_write(&noise, (struct slice){ NULL, 0 }, &w), ST_OK);
    noise_handshake_clear(&noise);
    cr_assert(peer_send_frame(replay.peer.fd, writer_slice(&w)));
    UNTIL(&h, can_read(&replay));
    cr_assert_eq(push(&h, "door", 1), ST_OK);
    expect_grant(&h, &door, 1);
    acknowledge(&door, 1, GRANT_TAKEN);
    UNTIL(&h, h.outcome == ST_OK);
    cr_assert_eq(h.came, 1);
    hang_up(&replay);
    hang_up(&door);
    hall_close(&h);
}

Test(device_hub, one_that_says_nothing_is_told_to_forget)
{
    uint8_t room[PEER_FRAME_MAX];
    struct grant_revoke revoke;
    struct slice message;
    struct caller door;
    struct hall h;

    hall_open(&h);
    come_in(&h, &door, "door");
    cr_assert_eq(push(&h, "door", 5), ST_OK);
    expect_grant(&h, &door, 5);
    UNTIL(&h, h.outcome == ST_TIMEOUT);
    cr_assert_eq(hear(&h, &door, room, &message), DEVICE_GRANT_REVOKE);
    cr_assert_eq(grant_revoke_decode(message, &revoke), ST_OK);
    cr_assert_eq(revoke.id[0], 5);
    hang_up(&door);
    hall_close(&h);
}

Test(device_hub, pushes_end_with_the_connection)
{
    struct caller door;
    struct hall h;

    hall_open(&h);
    come_in(&h, &door, "door");
    cr_assert_eq(push(&h, "door", 1), ST_OK);
    hang_up(&door);
    UNTIL(&h, h.outcome == ST_LOST);
    cr_assert_eq(h.left, 1);
    hall_close(&h);
}

Test(device_hub, the_newest_connection_counts)
{
    struct caller first, second;
    struct hall h;

    hall_open(&h);
    come_in(&h, &first, "door");
    come_in(&h, &second, "door");
    cr_assert_eq(push(&h, "door", 3), ST_OK);
    expect_grant(&h, &second, 3);
    acknowledge(&second, 3, GRANT_TAKEN);
    UNTIL(&h, h.outcome == ST_OK);
    UNTIL(&h, device_hub_count(h.hub) == 1);
    cr_assert_eq(h.left, 0, "the device has not left");
    hang_up(&first);
    hang_up(&second);
    UNTIL(&h, h.left == 1);
    hall_close(&h);
}

Test(device_hub, so_many_pushes_and_no_more)
{
    struct device_push first = { .grant_id = { 1 } };
    uint8_t text[DEVICE_LINK_MESSAGE_MAX] = { DEVICE_GRANT };
    struct caller door;
    struct hall h;

    hall_open(&h);
    come_in(&h, &door, "door");
    first.done = pushed;
    first.arg = &h;
    cr_assert_eq(device_hub_push(h.hub, "door", (struct slice){ text, 8 }, &first), ST_OK);
    cr_assert_eq(push(&h, "door", 2), ST_OK);
    struct device_push third = first;
    cr_assert_eq(device_hub_push(h.hub, "door", (struct slice){ text, 8 }, &third), ST_BUSY);
    hang_up(&door);
    UNTIL(&h, h.left == 1);
    hall_close(&h);
}

Test(device_hub, so_many_devices_and_no_more)
{
    struct caller door, gate, hatch;
    struct hall h;

    hall_open(&h);
    come_in(&h, &door, "door");
    come_in(&h, &gate, "gate");
    cr_assert_not(dial_in(&h, &hatch, "hatch", 'h'));
    hang_up(&gate);
    UNTIL(&h, h.left == 1);
    come_in(&h, &hatch, "hatch");
    hang_up(&door);
    hang_up(&hatch);
    hall_close(&h);
}

Test(device_hub, so_many_strangers_and_no_more)
{
    int fds[4];
    uint8_t byte;
    struct hall h;

    hall_open(&h);
    for (int i = 0; i < 4; i++)
        fds[i] = peer_dial(h.port);
    struct caller fourth = { .peer.fd = fds[3] };
    UNTIL(&h, can_read(&fourth));
    cr_assert_eq(read(fds[3], &byte, 1), 0, "closed at once");
    /* The others have their time, and no more. */
    for (int i = 0; i < 3; i++) {
        struct caller other = { .peer.fd = fds[i] };
        UNTIL(&h, can_read(&other));
        cr_assert_leq(read(fds[i], &byte, 1), 0);
    }
    for (int i = 0; i < 4; i++)
        close(fds[i]);
    hall_close(&h);
}

Test(device_hub, a_silent_device_is_gone)
{
    uint8_t room[PEER_FRAME_MAX];
    struct slice message;
    struct caller door;
    struct hall h;

    hall_open(&h);
    come_in(&h, &door, "door");
    UNTIL(&h, can_read(&door));
    cr_assert_eq(peer_hear(&door.peer, room, &message), DEVICE_PING);
    cr_assert(peer_answer_beat(&door.peer, message));
    UNTIL(&h, can_read(&door));
    cr_assert_eq(peer_hear(&door.peer, room, &message), DEVICE_PING, "it was heard, and stays");
    UNTIL(&h, h.left == 1);
    hang_up(&door);
    hall_close(&h);
}

Test(device_hub, a_revoked_device_has_to_leave)
{
    struct device_change change;
    struct caller door, gate;
    char folder[96], why[256];
    struct hall h;

    hall_open(&h);
    come_in(&h, &door, "door");
    come_in(&h, &gate, "gate");
    struct device_registry *former = h.settings.registry;
    snprintf(folder, sizeof folder, "%s/devices", h.r.folder);
    cr_assert_eq(device_change_begin(folder, "door", false, &change, why, sizeof why), ST_OK);
    change.device.revoked = true;
    cr_assert_eq(device_change_write(&change, why, sizeof why), ST_OK);
    device_change_end(&change);
    read_registry(&h);
    device_hub_change(h.hub, &h.settings);
    device_registry_free(former);
    UNTIL(&h, h.left == 1);
    cr_assert_not(device_hub_has(h.hub, "door"));
    cr_assert(device_hub_has(h.hub, "gate"));
    hang_up(&door);
    hang_up(&gate);
    hall_close(&h);
}

/* Sixteen, all of the system's choosing, and no more. */
Test(device_hub, listens_on_so_many_addresses)
{
    char *where[17], why[256];
    struct event_base *base = event_base_new();
    struct log *log;

    cr_assert_eq(log_new("/dev/null", LOG_ERROR, &log), ST_OK);
    for (size_t i = 0; i < 17; i++)
        where[i] = (char *)"127.0.0.1:0";
    for (size_t count = 16; count <= 17; count++) {
        struct device_settings settings = { .listen = { where, count } };
        const struct device_hub_options options = { .base = base,
                                                    .log = log,
                                                    .settings = &settings };
        struct device_hub *hub = NULL;
        why[0] = '\0';
        enum status st = device_hub_new(&options, &hub, why, sizeof why);
        cr_assert_eq(st, count == 16 ? ST_OK : ST_IO, "%s", why);
        cr_assert_eq(strstr(why, "one too many") != NULL, count == 17, "%s", why);
        if (!st)
            device_hub_free(hub);
    }
    log_free(log);
    event_base_free(base);
}
