#include <stdlib.h>
#include <string.h>

#include "frame.h"
#include "grant.h"
#include "msg_command.h"
#include "noise.h"
#include "secret.h"

_Static_assert((int)VOUCHSAFE_GRANT_ACTION_MAX == (int)COMMAND_ACTION_MAX, "one limit");
_Static_assert((int)VOUCHSAFE_GRANT_BODY_MAX == (int)COMMAND_BODY_MAX, "one limit");
_Static_assert((int)VOUCHSAFE_GRANT_BUSY == (int)ANSWER_BUSY, "the same numbers");

enum {
    FRAME_CAP = COMMAND_MESSAGE_MAX + AEAD_TAG_LEN,
    OPENING_MAX = 2 * FRAME_HEAD_LEN + DEVICE_HELLO_MAX + NOISE_OVERHEAD
};
_Static_assert((int)VOUCHSAFE_GRANT_OUT_MAX >= (int)OPENING_MAX, "room for what opens");
_Static_assert((int)VOUCHSAFE_GRANT_OUT_MAX >= (int)FRAME_HEAD_LEN + (int)FRAME_CAP, "a command");

enum talk_step { TALK_GREETED, TALK_OPEN, TALK_ASKED, TALK_ENDED };

struct vouchsafe_grant_talk {
    enum talk_step step;
    uint32_t number; /* of the command asked last */
    struct frame_reader frames;
    struct noise_handshake handshake; /* TALK_GREETED */
    struct noise_sender sender;       /* from then on */
    struct noise_receiver receiver;
    uint8_t body[FRAME_CAP];
};

static struct writer writer_of(const struct vouchsafe_grant_out *out)
{
    return (struct writer){ .data = out->data, .len = out->len, .cap = out->cap };
}

static bool is_out(const struct vouchsafe_grant_out *out)
{
    return out && out->data && out->len <= out->cap;
}

/* --- the opening: hello in clear, then the handshake's first message --- */

static enum status write_hello(const struct vouchsafe_grant *grant, struct writer *w)
{
    const struct device_hello hello = { .kind = grant->kind, .value = grant_shown(grant) };
    size_t begin = frame_begin(w);
    enum status st = device_hello_encode(&hello, w);

    return st ? st : frame_end(w, begin);
}

static enum status write_first(struct vouchsafe_grant_talk *t, const struct vouchsafe_grant *grant,
                               struct writer *w)
{
    const struct noise_setup setup = {
        .role = NOISE_INITIATOR,
        .prologue = grant_shown(grant),
        .psk = grant->key,
        .random = crypto_system_random,
    };
    size_t begin = frame_begin(w);

    noise_handshake_init(&t->handshake, &setup);
    enum status st = noise_handshake_write(&t->handshake, (struct slice){ 0 }, w);
    return st ? st : frame_end(w, begin);
}

static enum vouchsafe_error open_talk(struct vouchsafe_grant_talk *t,
                                      const struct vouchsafe_grant *grant,
                                      struct vouchsafe_grant_out *out)
{
    struct writer w = writer_of(out);
    enum status st = write_hello(grant, &w);

    if (!st)
        st = write_first(t, grant, &w);
    if (st || w.full)
        return st == ST_TOO_LARGE || w.full ? VOUCHSAFE_BAD_ARGUMENT : VOUCHSAFE_INTERNAL;
    out->len = w.len;
    return VOUCHSAFE_OK;
}

enum vouchsafe_error vouchsafe_grant_talk_new(const struct vouchsafe_grant *grant,
                                              struct vouchsafe_grant_out *out,
                                              struct vouchsafe_grant_talk **talk)
{
    if (talk)
        *talk = NULL;
    if (!grant || !talk || !is_out(out))
        return VOUCHSAFE_BAD_ARGUMENT;
    struct vouchsafe_grant_talk *t = calloc(1, sizeof *t);
    if (!t)
        return VOUCHSAFE_NO_MEMORY;
    frame_reader_init(&t->frames, t->body, sizeof t->body);
    enum vouchsafe_error error = open_talk(t, grant, out);
    if (error)
        vouchsafe_grant_talk_free(t);
    else
        *talk = t;
    return error;
}

/* --- what the device says --- */

static enum status take_second(struct vouchsafe_grant_talk *t, struct slice frame,
                               struct vouchsafe_grant_event *event)
{
    uint8_t none[1];
    size_t len;
    enum status st = noise_handshake_read(&t->handshake, frame, none, 0, &len);

    if (!st)
        st = noise_handshake_split(&t->handshake, &t->sender, &t->receiver, NULL);
    if (!st) {
        t->step = TALK_OPEN;
        event->what = VOUCHSAFE_GRANT_OPENED;
    }
    return st;
}

static enum status take_answer(struct vouchsafe_grant_talk *t, struct slice frame,
                               struct vouchsafe_grant_event *event)
{
    struct answer answer;
    size_t len;
    enum status st = noise_open(&t->receiver, frame, t->body, sizeof t->body, &len);

    if (!st)
        st = answer_decode((struct slice){ t->body, len }, &answer);
    if (st)
        return st;
    if (answer.number != t->number)
        return ST_INVALID;
    *event = (struct vouchsafe_grant_event){ .what = VOUCHSAFE_GRANT_ANSWER,
                                             .code = (enum vouchsafe_grant_code)answer.code,
                                             .body = answer.body.data,
                                             .body_len = answer.body.len };
    if (answer.code != ANSWER_MORE)
        t->step = TALK_OPEN;
    return ST_OK;
}

/* A device that has not been asked has nothing to say. */
static enum status take_unasked(struct vouchsafe_grant_talk *t, struct slice frame,
                                struct vouchsafe_grant_event *event)
{
    size_t len;
    enum status st = noise_open(&t->receiver, frame, t->body, sizeof t->body, &len);

    (void)event;
    return st ? st : ST_INVALID;
}

static enum status (*const steps[])(struct vouchsafe_grant_talk *t, struct slice frame,
                                    struct vouchsafe_grant_event *event) = {
    [TALK_GREETED] = take_second,
    [TALK_OPEN] = take_unasked,
    [TALK_ASKED] = take_answer,
};

static void end(struct vouchsafe_grant_talk *t)
{
    noise_handshake_clear(&t->handshake);
    noise_sender_clear(&t->sender);
    noise_receiver_clear(&t->receiver);
    t->step = TALK_ENDED;
}

/* A message of an impossible length is what somebody in between would send as well. */
static enum vouchsafe_error error_of(enum status st)
{
    return st == ST_DENIED ? VOUCHSAFE_NOT_DEVICE : VOUCHSAFE_BAD_ANSWER;
}

enum vouchsafe_error vouchsafe_grant_talk_take(struct vouchsafe_grant_talk *talk, const uint8_t *in,
                                               size_t len, size_t *used,
                                               struct vouchsafe_grant_event *event)
{
    struct slice left = { in, len }, frame;

    if (!talk || !used || !event || (!in && len))
        return VOUCHSAFE_BAD_ARGUMENT;
    *used = 0;
    *event = (struct vouchsafe_grant_event){ .what = VOUCHSAFE_GRANT_NOTHING };
    if (talk->step == TALK_ENDED)
        return VOUCHSAFE_ENDED;
    enum frame_progress progress = len ? frame_read(&talk->frames, &left, &frame) : FRAME_MORE;
    *used = len - left.len;
    if (progress == FRAME_MORE)
        return VOUCHSAFE_OK;
    enum status st = progress == FRAME_REFUSED ? ST_INVALID : steps[talk->step](talk, frame, event);
    if (!st)
        return VOUCHSAFE_OK;
    end(talk);
    return error_of(st);
}

/* --- what the app asks --- */

/* The room is looked at before anything is sealed: a counter that was used for nothing would end
 * the conversation. The answer's number tells it from those to other commands. */
static enum vouchsafe_error send_command(struct vouchsafe_grant_talk *t, struct slice plain,
                                         struct vouchsafe_grant_out *out)
{
    struct writer w = writer_of(out);

    if (out->cap - out->len < FRAME_HEAD_LEN + plain.len + AEAD_TAG_LEN)
        return VOUCHSAFE_BAD_ARGUMENT;
    size_t begin = frame_begin(&w);
    enum status st = noise_seal(&t->sender, plain, &w);
    if (!st)
        st = frame_end(&w, begin);
    if (st) {
        end(t);
        return st == ST_EXPIRED ? VOUCHSAFE_ENDED : VOUCHSAFE_INTERNAL;
    }
    out->len = w.len;
    t->step = TALK_ASKED;
    return VOUCHSAFE_OK;
}

enum vouchsafe_error vouchsafe_grant_talk_ask(struct vouchsafe_grant_talk *talk, const char *action,
                                              const uint8_t *body, size_t len,
                                              struct vouchsafe_grant_out *out)
{
    uint8_t plain[COMMAND_MESSAGE_MAX];
    struct writer w = writer_over(plain, sizeof plain);

    if (!talk || !action || (!body && len) || !is_out(out))
        return VOUCHSAFE_BAD_ARGUMENT;
    if (talk->step == TALK_ENDED)
        return VOUCHSAFE_ENDED;
    const struct command command = { .number = talk->number + 1,
                                     .action = slice_of(action),
                                     .body = { body, len } };
    if (talk->step != TALK_OPEN || command_encode(&command, &w))
        return VOUCHSAFE_BAD_ARGUMENT;
    enum vouchsafe_error error = send_command(talk, writer_slice(&w), out);
    if (!error)
        talk->number = command.number;
    secret_wipe(plain, sizeof plain);
    return error;
}

void vouchsafe_grant_talk_free(struct vouchsafe_grant_talk *talk)
{
    if (!talk)
        return;
    secret_wipe(talk, sizeof *talk);
    free(talk);
}
