/* Whoever sits on the line drops, repeats, swaps, cuts and flips: no command is carried out twice
 * or altered, no grant arrives as another one, and somebody notices each time. */
#include "device_site.h"
#include "msg_grant_ack.h"

enum trick { LEAVE, FLIP, CUT, DROP, REPEAT, SWAP, SCRAMBLE };

/* What is done to the n-th frame of a conversation (both directions counted). */
struct tampering {
    enum trick trick;
    unsigned frame;
    size_t at; /* bit, byte or seed */
};

struct middle {
    struct tampering tampering;
    unsigned seen;
    size_t target_len; /* of the frame that was asked for, with its head */
};

static uint32_t next_random(uint32_t *state) /* xorshift: the same on every run */
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}

static void scramble(uint8_t *frame, size_t *len, size_t seed)
{
    uint32_t state = (uint32_t)seed * 2654435761u + 1;

    for (unsigned i = next_random(&state) % 4 + 1; i && *len; i--) {
        size_t at = next_random(&state) % *len;
        switch (next_random(&state) % 3) {
        case 0:
            frame[at] ^= (uint8_t)(next_random(&state) % 255 + 1);
            break;
        case 1:
            memmove(frame + at, frame + at + 1, *len - at - 1);
            --*len;
            break;
        default:
            memmove(frame + at + 1, frame + at, *len - at);
            frame[at] = (uint8_t)next_random(&state);
            ++*len;
        }
    }
}

static void put(struct wire *out, const uint8_t *frame, size_t len)
{
    memcpy(out->bytes + out->len, frame, len);
    out->len += len;
}

/* Lets one frame through, or what becomes of it. */
static void pass_frame(struct middle *m, uint8_t *frame, size_t len, struct wire *out)
{
    bool target = m->seen++ == m->tampering.frame;

    if (target)
        m->target_len = len;
    if (target && m->tampering.trick == FLIP)
        frame[m->tampering.at / 8] ^= (uint8_t)(1 << m->tampering.at % 8);
    if (target && m->tampering.trick == CUT)
        len = m->tampering.at;
    if (target && m->tampering.trick == SCRAMBLE)
        scramble(frame, &len, m->tampering.at);
    if (!(target && m->tampering.trick == DROP))
        put(out, frame, len);
    if (target && m->tampering.trick == REPEAT)
        put(out, frame, len);
}

static size_t frame_len(const struct wire *in, size_t at)
{
    return FRAME_HEAD_LEN + ((size_t)in->bytes[at] << 8 | in->bytes[at + 1]);
}

/* What is on `in` comes out of `out`, as the middle likes it. */
static void pass(struct middle *m, struct wire *in, struct wire *out)
{
    uint8_t frame[SITE_WIRE];
    size_t at = 0;

    out->len = 0;
    while (at < in->len) {
        size_t len = frame_len(in, at), behind = at + len;
        bool swap = m->tampering.trick == SWAP && m->seen == m->tampering.frame && behind < in->len;
        if (swap) {
            size_t other = frame_len(in, behind);
            put(out, in->bytes + behind, other);
            put(out, in->bytes + at, len);
            m->seen += 2;
            m->target_len = len;
            at = behind + other;
            continue;
        }
        memcpy(frame, in->bytes + at, len);
        pass_frame(m, frame, len, out);
        at = behind;
    }
    in->len = 0;
}

static struct site site;

/* Two commands of one app through the middle. What `outcome` says of each. */
struct outcome {
    enum vouchsafe_device_status device;
    bool app_opened;
    int answers[2]; /* -1: none that is genuine */
    bool more;      /* something lies behind the answers */
    struct program program;
};

static void talk(struct middle *m, enum device_hello_kind kind, struct slice value,
                 const uint8_t *key, struct outcome *o)
{
    struct wire sent = { .len = 0 }, got = { .len = 0 }, back = { .len = 0 }, answer;
    struct peer app;

    *o = (struct outcome){ .answers = { -1, -1 } };
    program_begin(&o->program, &site);
    app_begin(&app, kind, value, key, &sent);
    pass(m, &sent, &got);
    o->device = program_run(&o->program, &got, &back);
    pass(m, &back, &answer);
    o->app_opened = peer_read(&app, &answer) == ST_OK && peer_split(&app) == ST_OK;
    if (!o->app_opened)
        return;
    app_command(&app, 0, "door:unlock", &sent);
    app_command(&app, 1, "alarm:off", &sent);
    pass(m, &sent, &got);
    if (!o->device)
        o->device = program_run(&o->program, &got, &back);
    struct wire rest = { .len = 0 };
    pass(m, &back, &rest);
    put(&answer, rest.bytes, rest.len); /* behind what came with the handshake's answer */
    for (unsigned i = 0; i < 2; i++) {
        o->answers[i] = app_answer(&app, i, &answer);
        if (o->answers[i] < 0)
            break;
    }
    o->more = answer.len != 0;
    vouchsafe_device_session_end(&o->program.session);
}

static bool all_is_well(const struct outcome *o)
{
    return o->device == VOUCHSAFE_DEVICE_OK && o->answers[0] == ANSWER_DONE &&
           o->answers[1] == ANSWER_DONE && !o->more && o->program.carried_out == 2;
}

/* Commands in their order, each once: the first alone, both, or none. */
static void check_commands(const struct outcome *o, const struct tampering *t)
{
    static const char *const last[] = { "", "door:unlock", "alarm:off" };

    cr_assert_leq(o->program.carried_out, 2, "trick %d, frame %u, %zu", t->trick, t->frame, t->at);
    cr_assert_str_eq(o->program.last, last[o->program.carried_out]);
}

static size_t try_grant(struct tampering t, bool *well)
{
    struct grant grant = site_grant(1, false);
    struct middle m = { .tampering = t };
    struct outcome o;

    talk(&m, DEVICE_HELLO_GRANT, (struct slice){ grant.id, sizeof grant.id }, grant.key, &o);
    check_commands(&o, &t);
    *well = all_is_well(&o);
    return m.target_len;
}

enum { APP_FRAMES = 7 }; /* hello, two handshake messages, two commands, two answers */

static void begin_with_grant(void)
{
    struct grant grant = site_grant(1, false);

    site_begin(&site);
    cr_assert_eq(site_push(&site, &grant), VOUCHSAFE_DEVICE_OK);
}

Test(man_in_the_middle, who_leaves_all_as_it_is_is_not_noticed)
{
    bool well;

    begin_with_grant();
    for (unsigned frame = 0; frame < APP_FRAMES; frame++) {
        cr_assert_gt(try_grant((struct tampering){ LEAVE, frame, 0 }, &well), 0, "frame %u", frame);
        cr_assert(well);
    }
}

Test(man_in_the_middle, every_bit_of_every_frame_of_a_session)
{
    bool well;

    begin_with_grant();
    for (unsigned frame = 0; frame < APP_FRAMES; frame++) {
        size_t len = try_grant((struct tampering){ LEAVE, frame, 0 }, &well);
        for (size_t bit = 0; bit < 8 * len; bit++) {
            (void)try_grant((struct tampering){ FLIP, frame, bit }, &well);
            cr_assert_not(well, "frame %u, bit %zu", frame, bit);
        }
    }
}

Test(man_in_the_middle, every_cut_of_every_frame_of_a_session)
{
    bool well;

    begin_with_grant();
    for (unsigned frame = 0; frame < APP_FRAMES; frame++) {
        size_t len = try_grant((struct tampering){ LEAVE, frame, 0 }, &well);
        for (size_t cut = 0; cut < len; cut++) {
            (void)try_grant((struct tampering){ CUT, frame, cut }, &well);
            cr_assert_not(well, "frame %u, cut to %zu", frame, cut);
        }
    }
}

Test(man_in_the_middle, dropped_repeated_and_swapped_frames_of_a_session)
{
    static const enum trick tricks[] = { DROP, REPEAT, SWAP };
    /* what comes alone has no neighbour to be swapped with */
    static const bool alone[APP_FRAMES] = { false, true, true, false, true, false, true };
    bool well;

    begin_with_grant();
    for (unsigned frame = 0; frame < APP_FRAMES; frame++)
        for (size_t i = 0; i < 3; i++) {
            (void)try_grant((struct tampering){ tricks[i], frame, 0 }, &well);
            cr_assert_eq(well, tricks[i] == SWAP && alone[frame], "frame %u, trick %d", frame,
                         tricks[i]);
        }
}

Test(man_in_the_middle, scrambled_frames_of_a_session)
{
    bool well;

    begin_with_grant();
    for (unsigned frame = 0; frame < APP_FRAMES; frame++)
        for (size_t seed = 0; seed < 300; seed++)
            (void)try_grant((struct tampering){ SCRAMBLE, frame, seed }, &well);
}

Test(man_in_the_middle, every_byte_of_a_token)
{
    site_begin(&site);
    struct site_wish wish = site_wish(&site);
    struct site_token t = site_mint(&wish);
    struct middle m;
    struct outcome o;

    for (size_t bit = 0; bit < 8 * (FRAME_HEAD_LEN + 2 + t.len); bit += 1 + bit % 3) {
        m = (struct middle){ .tampering = { FLIP, 0, bit } };
        talk(&m, DEVICE_HELLO_TOKEN, token_slice(&t), t.key, &o);
        cr_assert_eq(o.program.carried_out, 0, "bit %zu", bit);
        cr_assert_not(o.app_opened);
    }
    m = (struct middle){ .tampering = { .trick = LEAVE } };
    talk(&m, DEVICE_HELLO_TOKEN, token_slice(&t), t.key, &o);
    cr_assert(all_is_well(&o), "and nobody has spent it");
}

Test(man_in_the_middle, a_whole_recorded_session_played_again)
{
    struct grant grant = site_grant(1, false);
    struct wire first = { .len = 0 }, second = { .len = 0 }, back = { .len = 0 }, again;
    struct program program;
    struct peer app;

    begin_with_grant();
    program_begin(&program, &site);
    app_begin(&app, DEVICE_HELLO_GRANT, (struct slice){ grant.id, 16 }, grant.key, &first);
    again = first;
    cr_assert_eq(program_run(&program, &first, &back), VOUCHSAFE_DEVICE_OK);
    cr_assert_eq(peer_read(&app, &back), ST_OK);
    cr_assert_eq(peer_split(&app), ST_OK);
    app_command(&app, 0, "door:unlock", &second);
    put(&again, second.bytes, second.len);
    cr_assert_eq(program_run(&program, &second, &back), VOUCHSAFE_DEVICE_OK);
    cr_assert_eq(program.carried_out, 1);
    program_begin(&program, &site);
    cr_assert_eq(program_run(&program, &again, &back), VOUCHSAFE_DEVICE_DENIED);
    cr_assert_eq(program.carried_out, 0);
}

/* --- between device and mediator --- */

struct link_outcome {
    bool failed;              /* somebody saw an error */
    unsigned grants;          /* events */
    enum grant_result result; /* that the mediator read, or 0 */
    bool beat;
    bool more;
};

static enum vouchsafe_device_status run_link(struct link_ends *l, struct wire *in,
                                             struct wire *back, struct link_outcome *o)
{
    enum vouchsafe_device_status st = link_run(l, in, back);

    o->grants = l->grants;
    o->failed = o->failed || st;
    return st;
}

static bool take_message(struct link_ends *l, struct wire *from, unsigned kind, uint8_t *out,
                         size_t cap, struct slice *message)
{
    return peer_take(&l->mediator, from, out, cap, message) == ST_OK && message->data[0] == kind;
}

/* hello, handshake, ready, one grant and its acknowledgement */
static void push(struct middle *m, struct link_outcome *o)
{
    struct wire sent = { .len = 0 }, got = { .len = 0 }, back = { .len = 0 };
    struct vouchsafe_device_out out = wire_out(&sent);
    struct grant grant = site_grant(1, false);
    struct link_ends l = { .event = { .status = VOUCHSAFE_DEVICE_OK } };
    uint8_t bytes[SITE_WIRE];
    struct slice message;

    *o = (struct link_outcome){ .failed = true };
    cr_assert_eq(vouchsafe_device_link_begin(&l.link, site.device, &out), VOUCHSAFE_DEVICE_OK);
    sent.len = out.len;
    pass(m, &sent, &got);
    if (link_accept(&l, site.link_key, &got, &back) || got.len)
        return;
    pass(m, &back, &got);
    o->failed = false;
    if (run_link(&l, &got, &back, o))
        return;
    pass(m, &back, &got);
    o->failed = !take_message(&l, &got, DEVICE_READY, bytes, sizeof bytes, &message) || got.len;
    if (o->failed)
        return;
    link_grant(&l, &grant, &sent);
    pass(m, &sent, &got);
    (void)run_link(&l, &got, &back, o);
    pass(m, &back, &got);
    struct grant_ack ack;
    if (take_message(&l, &got, DEVICE_GRANT_ACK, bytes, sizeof bytes, &message) &&
        grant_ack_decode(message, &ack) == ST_OK)
        o->result = ack.result;
    o->more = got.len != 0;
    vouchsafe_device_link_end(&l.link);
}

enum { LINK_FRAMES = 6 };

static size_t try_link(struct tampering t, bool *well)
{
    struct grant grant = site_grant(1, false);
    struct middle m = { .tampering = t };
    struct link_outcome o;
    struct program program;
    struct peer app;

    site_start(&site); /* with an empty table */
    push(&m, &o);
    *well = !o.failed && o.grants == 1 && o.result == GRANT_TAKEN && !o.more;
    enum vouchsafe_device_status st = site_grant_open(&site, &grant, &app, &program);
    cr_assert_eq(st, o.grants ? VOUCHSAFE_DEVICE_OK : VOUCHSAFE_DEVICE_UNKNOWN,
                 "as it was sent or not at all: trick %d, frame %u, %zu", t.trick, t.frame, t.at);
    cr_assert(o.grants || o.result == 0, "no acknowledgement without the grant");
    return m.target_len;
}

Test(man_in_the_middle, every_bit_and_every_cut_of_every_frame_of_a_link)
{
    bool well;

    site_begin(&site);
    for (unsigned frame = 0; frame < LINK_FRAMES; frame++) {
        size_t len = try_link((struct tampering){ LEAVE, frame, 0 }, &well);
        cr_assert_gt(len, 0);
        cr_assert(well, "the positive control");
        for (size_t bit = 0; bit < 8 * len; bit++) {
            (void)try_link((struct tampering){ FLIP, frame, bit }, &well);
            cr_assert_not(well, "frame %u, bit %zu", frame, bit);
        }
        for (size_t cut = 0; cut < len; cut++) {
            (void)try_link((struct tampering){ CUT, frame, cut }, &well);
            cr_assert_not(well, "frame %u, cut to %zu", frame, cut);
        }
    }
}

Test(man_in_the_middle, dropped_repeated_and_scrambled_frames_of_a_link)
{
    bool well;

    site_begin(&site);
    for (unsigned frame = 0; frame < LINK_FRAMES; frame++) {
        (void)try_link((struct tampering){ DROP, frame, 0 }, &well);
        cr_assert_not(well);
        (void)try_link((struct tampering){ REPEAT, frame, 0 }, &well);
        cr_assert_not(well, "frame %u", frame);
        for (size_t seed = 0; seed < 200; seed++)
            (void)try_link((struct tampering){ SCRAMBLE, frame, seed }, &well);
    }
}
