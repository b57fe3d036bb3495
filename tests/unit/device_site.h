/* device_site: a device under test with the peers it talks to, in one process: a mediator's end of
 * the link, an app's end of a session, and a mediator that mints device tokens. The peers stand on
 * proto/ alone. */
#pragma once
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "device_token.h"
#include "frame.h"
#include "jwe.h"
#include "jwk.h"
#include "jwk_dh.h"
#include "msg_command.h"
#include "msg_grant.h"
#include "noise.h"
#include "vouchsafe/device.h"

enum {
    SITE_GRANTS = 4,
    SITE_SPENT = 3,
    SITE_MEMORY = 16384,
    SITE_WIRE = 4096,
    SITE_NOW = 1790000000
};
#define SITE_DEVICE "https://door.example"
#define SITE_ISSUER "https://mediator.example"

struct site_time {
    int64_t clock; /* 0: it has none */
    uint32_t uptime;
    int64_t stored;
    unsigned stores;
};

struct site {
    struct site_time time;
    struct vouchsafe_device_config config;
    struct vouchsafe_device *device;
    uint8_t link_key[32];
    struct private_key signer;  /* the mediator's */
    struct dh_private unsealer; /* the device's */
    _Alignas(16) uint8_t memory[SITE_MEMORY];
};

/* One end of a channel that is not the device's. */
struct peer {
    struct noise_handshake handshake;
    struct noise_sender sender;
    struct noise_receiver receiver;
};

/* Bytes on their way. */
struct wire {
    uint8_t bytes[SITE_WIRE];
    size_t len;
};

static inline struct slice wire_slice(const struct wire *wire)
{
    return (struct slice){ wire->bytes, wire->len };
}

static inline int64_t site_clock(void *arg)
{
    return ((struct site_time *)arg)->clock;
}

static inline uint32_t site_uptime(void *arg)
{
    return ((struct site_time *)arg)->uptime;
}

static inline void site_store(void *arg, int64_t floor)
{
    struct site_time *t = arg;

    t->stored = floor;
    t->stores++;
}

static inline void site_trust(struct site *s, const struct public_key *key)
{
    uint8_t text[256];
    struct writer w = writer_over(text, sizeof text);
    struct json_writer j = json_writer_over(&w);

    jwk_write(&j, NULL, key);
    cr_assert_eq(vouchsafe_device_trust(s->device, (const char *)text, w.len), VOUCHSAFE_DEVICE_OK);
}

static inline void site_unsealer(struct site *s, const struct dh_private *key)
{
    uint8_t text[JWK_DH_MAX];
    struct writer w = writer_over(text, sizeof text);

    cr_assert_eq(jwk_dh_private_write(key, &w), ST_OK);
    cr_assert_eq(vouchsafe_device_unsealer(s->device, (const char *)text, w.len),
                 VOUCHSAFE_DEVICE_OK);
}

/* The device starts (again) with what is configured. */
static inline void site_start(struct site *s)
{
    cr_assert_eq(vouchsafe_device_init(s->memory, sizeof s->memory, &s->config, &s->device),
                 VOUCHSAFE_DEVICE_OK);
    site_trust(s, &s->signer.public);
    site_unsealer(s, &s->unsealer);
}

static inline void site_begin_with(struct site *s, enum key_type signer, enum dh_curve curve)
{
    *s = (struct site){ .time.clock = SITE_NOW };
    s->config = (struct vouchsafe_device_config){
        .id = SITE_DEVICE,
        .issuer = SITE_ISSUER,
        .grants = SITE_GRANTS,
        .spent = SITE_SPENT,
        .link_key = s->link_key,
        .clock = site_clock,
        .uptime = site_uptime,
        .store_floor = site_store,
        .arg = &s->time,
    };
    memset(s->link_key, 0x4c, sizeof s->link_key);
    cr_assert_eq(crypto_key_generate(signer, &s->signer), ST_OK);
    cr_assert_eq(crypto_dh_generate(curve, crypto_system_random, NULL, &s->unsealer), ST_OK);
    site_start(s);
}

static inline void site_begin(struct site *s)
{
    site_begin_with(s, KEY_ED25519, DH_X25519);
}

/* --- frames of a peer --- */

static inline void wire_frame(struct wire *wire, struct slice body)
{
    struct writer w = writer_over(wire->bytes, sizeof wire->bytes);

    w.len = wire->len;
    size_t begin = frame_begin(&w);
    writer_put(&w, body);
    cr_assert_eq(frame_end(&w, begin), ST_OK);
    wire->len = w.len;
}

/* Takes the first frame off the wire into `out`; false if there is none. */
static inline bool wire_take(struct wire *wire, uint8_t *out, size_t cap, struct slice *frame)
{
    struct frame_reader f;
    struct slice in = wire_slice(wire);

    frame_reader_init(&f, out, cap);
    if (frame_read(&f, &in, frame) != FRAME_DONE)
        return false;
    memmove(wire->bytes, in.data, in.len);
    wire->len = in.len;
    return true;
}

static inline void peer_send(struct peer *p, struct wire *wire, struct slice message)
{
    uint8_t sealed[SITE_WIRE];
    struct writer w = writer_over(sealed, sizeof sealed);

    cr_assert_eq(noise_seal(&p->sender, message, &w), ST_OK);
    wire_frame(wire, writer_slice(&w));
}

/* The next record on the wire, opened into out; its status, or ST_NOT_FOUND if none is there. */
static inline enum status peer_take(struct peer *p, struct wire *wire, uint8_t *out, size_t cap,
                                    struct slice *message)
{
    struct slice frame;
    size_t len;

    if (!wire_take(wire, out, cap, &frame))
        return ST_NOT_FOUND;
    enum status st = noise_open(&p->receiver, frame, out, cap, &len);
    *message = (struct slice){ out, len };
    return st;
}

static inline void peer_begin(struct peer *p, enum noise_role role, struct slice prologue,
                              const uint8_t *key)
{
    const struct noise_setup setup = {
        .role = role, .prologue = prologue, .psk = key, .random = crypto_system_random
    };

    noise_handshake_init(&p->handshake, &setup);
}

static inline void peer_write(struct peer *p, struct wire *wire)
{
    uint8_t message[128];
    struct writer w = writer_over(message, sizeof message);

    cr_assert_eq(noise_handshake_write(&p->handshake, (struct slice){ 0 }, &w), ST_OK);
    wire_frame(wire, writer_slice(&w));
}

static inline enum status peer_read(struct peer *p, struct wire *wire)
{
    uint8_t buffer[SITE_WIRE], none[1];
    struct slice frame;
    size_t len;

    if (!wire_take(wire, buffer, sizeof buffer, &frame))
        return ST_NOT_FOUND;
    return noise_handshake_read(&p->handshake, frame, none, 0, &len);
}

static inline enum status peer_split(struct peer *p)
{
    return noise_handshake_split(&p->handshake, &p->sender, &p->receiver, NULL);
}

/* --- an app --- */

/* hello and the handshake's first message */
static inline void app_begin(struct peer *app, enum device_hello_kind kind, struct slice value,
                             const uint8_t *key, struct wire *wire)
{
    const struct device_hello hello = { kind, value };
    uint8_t message[DEVICE_HELLO_MAX];
    struct writer w = writer_over(message, sizeof message);

    cr_assert_eq(device_hello_encode(&hello, &w), ST_OK);
    wire_frame(wire, writer_slice(&w));
    peer_begin(app, NOISE_INITIATOR, value, key);
    peer_write(app, wire);
}

static inline void app_command(struct peer *app, uint32_t number, const char *action,
                               struct wire *wire)
{
    const struct command command = { .number = number, .action = slice_of(action) };
    uint8_t message[COMMAND_MESSAGE_MAX];
    struct writer w = writer_over(message, sizeof message);

    cr_assert_eq(command_encode(&command, &w), ST_OK);
    peer_send(app, wire, writer_slice(&w));
}

/* The code of the next answer, or -1 if none is there or it is not genuine. */
static inline int app_answer(struct peer *app, uint32_t number, struct wire *wire)
{
    uint8_t buffer[SITE_WIRE];
    struct slice message;
    struct answer answer;

    if (peer_take(app, wire, buffer, sizeof buffer, &message))
        return -1;
    cr_assert_eq(answer_decode(message, &answer), ST_OK);
    cr_assert_eq(answer.number, number);
    return (int)answer.code;
}

/* --- the device's program --- */

struct program {
    struct vouchsafe_device_session session;
    unsigned carried_out;                 /* commands */
    enum vouchsafe_device_answer answers; /* with this */
    char last[64];                        /* action carried out last */
};

static inline void program_begin(struct program *p, struct site *s)
{
    *p = (struct program){ .answers = VOUCHSAFE_DEVICE_DONE };
    vouchsafe_device_session_begin(&p->session, s->device);
}

static inline enum vouchsafe_device_status
program_carry_out(struct program *p, const struct vouchsafe_device_event *event,
                  struct vouchsafe_device_out *out)
{
    p->carried_out++;
    snprintf(p->last, sizeof p->last, "%.*s", (int)event->action_len, event->action);
    return vouchsafe_device_session_answer(&p->session, p->answers, (const uint8_t *)"ok", 2, out);
}

/* Hands the device what is on the wire and collects what it says; the last status. */
static inline enum vouchsafe_device_status program_run(struct program *p, struct wire *in,
                                                       struct wire *back)
{
    struct vouchsafe_device_out out = { back->bytes, sizeof back->bytes, back->len };
    enum vouchsafe_device_status st = VOUCHSAFE_DEVICE_OK;
    struct vouchsafe_device_event event;
    size_t at = 0, used;

    while (!st && at < in->len) {
        st = vouchsafe_device_session_take(&p->session, in->bytes + at, in->len - at, &used, &out,
                                           &event);
        at += used;
        if (!st && event.what == VOUCHSAFE_DEVICE_COMMAND)
            st = program_carry_out(p, &event, &out);
    }
    in->len = 0;
    back->len = out.len;
    return st;
}

/* Hello and handshake of an app; the device's status, and the app stands if that is OK. */
static inline enum vouchsafe_device_status app_open(struct peer *app, enum device_hello_kind kind,
                                                    struct slice value, const uint8_t *key,
                                                    struct program *p)
{
    struct wire there = { .len = 0 }, back = { .len = 0 };

    app_begin(app, kind, value, key, &there);
    enum vouchsafe_device_status st = program_run(p, &there, &back);
    if (!st) {
        cr_assert_eq(peer_read(app, &back), ST_OK);
        cr_assert_eq(peer_split(app), ST_OK);
    }
    return st;
}

/* One command; the answer's code or -1. */
static inline int app_ask(struct peer *app, uint32_t number, const char *action, struct program *p,
                          enum vouchsafe_device_status *st)
{
    struct wire there = { .len = 0 }, back = { .len = 0 };

    app_command(app, number, action, &there);
    *st = program_run(p, &there, &back);
    return app_answer(app, number, &back);
}

/* --- a mediator --- */

struct link_ends {
    struct vouchsafe_device_link link;
    struct peer mediator;
    struct vouchsafe_device_event event; /* the last one */
    unsigned grants;                     /* that came */
};

static inline enum vouchsafe_device_status link_run(struct link_ends *l, struct wire *in,
                                                    struct wire *back)
{
    struct vouchsafe_device_out out = { back->bytes, sizeof back->bytes, back->len };
    enum vouchsafe_device_status st = VOUCHSAFE_DEVICE_OK;
    size_t at = 0, used;

    while (!st && at < in->len) {
        st = vouchsafe_device_link_take(&l->link, in->bytes + at, in->len - at, &used, &out,
                                        &l->event);
        l->grants += l->event.what == VOUCHSAFE_DEVICE_GRANTED;
        at += used;
    }
    in->len = 0;
    back->len = out.len;
    return st;
}

/* The mediator's half of the handshake with what the device has sent. */
static inline enum status link_accept(struct link_ends *l, const uint8_t *key, struct wire *from,
                                      struct wire *to)
{
    uint8_t buffer[SITE_WIRE];
    struct device_hello hello;
    struct slice frame;

    if (!wire_take(from, buffer, sizeof buffer, &frame))
        return ST_NOT_FOUND;
    enum status st = device_hello_decode(frame, &hello);
    if (st || hello.kind != DEVICE_HELLO_LINK)
        return st ? st : ST_UNSUPPORTED;
    peer_begin(&l->mediator, NOISE_RESPONDER, hello.value, key);
    st = peer_read(&l->mediator, from);
    if (st)
        return st;
    peer_write(&l->mediator, to);
    return peer_split(&l->mediator);
}

static inline struct vouchsafe_device_out wire_out(struct wire *wire)
{
    return (struct vouchsafe_device_out){ wire->bytes, sizeof wire->bytes, wire->len };
}

/* A link that stands; what the device said last is still to be read from `back`. */
static inline void link_open(struct link_ends *l, struct site *s, struct wire *back)
{
    struct wire there = { .len = 0 };
    struct vouchsafe_device_out out = wire_out(&there);

    back->len = 0;
    cr_assert_eq(vouchsafe_device_link_begin(&l->link, s->device, &out), VOUCHSAFE_DEVICE_OK);
    there.len = out.len;
    struct wire answer = { .len = 0 };
    cr_assert_eq(link_accept(l, s->link_key, &there, &answer), ST_OK);
    cr_assert_eq(link_run(l, &answer, back), VOUCHSAFE_DEVICE_OK);
    cr_assert_eq(l->event.what, VOUCHSAFE_DEVICE_OPENED);
}

static inline struct grant site_grant(uint8_t id, bool once)
{
    struct grant grant = { .id = { id },
                           .issued_at = SITE_NOW,
                           .not_before = SITE_NOW,
                           .expires = SITE_NOW + 3600,
                           .once = once,
                           .scope = SLICE_LIT("door:unlock alarm:off") };

    memset(grant.key, id, sizeof grant.key);
    return grant;
}

static inline void link_grant(struct link_ends *l, const struct grant *grant, struct wire *wire)
{
    uint8_t message[DEVICE_LINK_MESSAGE_MAX];
    struct writer w = writer_over(message, sizeof message);

    cr_assert_eq(grant_encode(grant, &w), ST_OK);
    peer_send(&l->mediator, wire, writer_slice(&w));
}

/* A grant over a link of its own; what the device made of it. */
static inline enum vouchsafe_device_status site_push(struct site *s, const struct grant *grant)
{
    struct wire there = { .len = 0 }, back;
    struct link_ends l;

    link_open(&l, s, &back);
    link_grant(&l, grant, &there);
    cr_assert_eq(link_run(&l, &there, &back), VOUCHSAFE_DEVICE_OK);
    cr_assert_eq(l.event.what, VOUCHSAFE_DEVICE_GRANTED);
    vouchsafe_device_link_end(&l.link);
    return l.event.status;
}

/* A device token, and the possession key in it. */
struct site_token {
    char text[DEVICE_TOKEN_MAX];
    size_t len;
    uint8_t key[OCT_KEY_LEN];
};

struct site_wish {
    const char *issuer, *audience, *scope, *jti;
    int64_t issued_at, not_before, expires;
    bool once;
    const struct private_key *signer;
    const struct dh_public *recipient;
};

static inline struct site_wish site_wish(struct site *s)
{
    return (struct site_wish){ .issuer = SITE_ISSUER,
                               .audience = SITE_DEVICE,
                               .scope = "door:unlock alarm:off",
                               .jti = "jti-1",
                               .issued_at = SITE_NOW,
                               .not_before = SITE_NOW,
                               .expires = SITE_NOW + 600,
                               .signer = &s->signer,
                               .recipient = &s->unsealer.public };
}

static inline struct site_token site_mint(const struct site_wish *wish)
{
    static const struct jwe_header header = { .cty = { (const uint8_t *)DEVICE_TOKEN_CTY,
                                                       sizeof DEVICE_TOKEN_CTY - 1 } };
    struct site_token t;
    uint8_t jwk[JWK_OCT_MAX], jwe[JWE_MAX_LEN];
    struct writer k = writer_over(jwk, sizeof jwk), e = writer_over(jwe, sizeof jwe);
    struct writer w = writer_over(t.text, sizeof t.text);
    struct private_key signer = *wish->signer;

    crypto_random(t.key, sizeof t.key);
    cr_assert_eq(jwk_oct_write(t.key, &k), ST_OK);
    cr_assert_eq(
        jwe_encrypt_to(wish->recipient, &header, writer_slice(&k), crypto_system_random, NULL, &e),
        ST_OK);
    const struct device_token_claims claims = {
        .issuer = slice_of(wish->issuer),
        .audience = slice_of(wish->audience),
        .scope = slice_of(wish->scope),
        .client_id = SLICE_LIT("mothers-app"),
        .token_id = slice_of(wish->jti),
        .jwe = writer_slice(&e),
        .issued_at = wish->issued_at,
        .not_before = wish->not_before,
        .expires = wish->expires,
        .once = wish->once,
    };
    cr_assert_eq(device_token_encode(&claims, jwt_alg_of_key(signer.public.type), "k1",
                                     jwt_sign_private_key, &signer, &w),
                 ST_OK);
    t.len = w.len;
    return t;
}

static inline struct slice token_slice(const struct site_token *t)
{
    return (struct slice){ (const uint8_t *)t->text, t->len };
}

/* A session with a token, up to its first command. */
static inline enum vouchsafe_device_status
site_token_open(struct site *s, const struct site_token *t, struct peer *app, struct program *p)
{
    program_begin(p, s);
    return app_open(app, DEVICE_HELLO_TOKEN, token_slice(t), t->key, p);
}

static inline enum vouchsafe_device_status site_grant_open(struct site *s, const struct grant *g,
                                                           struct peer *app, struct program *p)
{
    program_begin(p, s);
    return app_open(app, DEVICE_HELLO_GRANT, (struct slice){ g->id, sizeof g->id }, g->key, p);
}
