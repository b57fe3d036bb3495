#include <string.h>

#include "channel.h"
#include "rights.h"
#include "secret.h"

struct session {
    struct channel channel;
    bool confirmed;  /* the app has sent a record: it holds the key */
    bool waits;      /* a command waits for its answer */
    uint32_t number; /* of that command */
    struct rights rights;
    uint8_t body[DEVICE_HELLO_MAX];
};
_Static_assert(sizeof(struct session) <= VOUCHSAFE_DEVICE_SESSION_LEN, "RAM of a session");

static struct session *inside(struct vouchsafe_device_session *session)
{
    return (void *)session->opaque; /* aligned as declared */
}

void vouchsafe_device_session_begin(struct vouchsafe_device_session *session,
                                    struct vouchsafe_device *device)
{
    struct session *s = inside(session);

    *s = (struct session){ .confirmed = false };
    channel_init(&s->channel, device, s->body, sizeof s->body);
}

/* A command that waits may have been carried out already. */
static void close_session(struct session *s)
{
    rights_settle(s->channel.device, &s->rights, true);
    channel_close(&s->channel);
    s->waits = false;
}

static enum status find_rights(struct session *s, const struct device_hello *hello,
                               uint8_t key[static OCT_KEY_LEN])
{
    switch (hello->kind) {
    case DEVICE_HELLO_GRANT:
        return rights_of_grant(s->channel.device, hello->value, &s->rights, key);
    case DEVICE_HELLO_TOKEN:
        return rights_of_token(s->channel.device, hello->value, &s->rights, key);
    case DEVICE_HELLO_LINK:
        break;
    }
    return ST_UNSUPPORTED;
}

static enum status take_hello(struct session *s, struct slice frame, struct writer *w,
                              struct vouchsafe_device_event *event)
{
    uint8_t key[OCT_KEY_LEN];
    struct device_hello hello;
    enum status st = device_hello_decode(frame, &hello);

    (void)w;
    (void)event;
    if (!st)
        st = find_rights(s, &hello, key);
    if (!st)
        channel_handshake(&s->channel, NOISE_RESPONDER, hello.value, key);
    secret_wipe(key, sizeof key);
    return st;
}

static enum status take_handshake(struct session *s, struct slice frame, struct writer *w,
                                  struct vouchsafe_device_event *event)
{
    enum status st = channel_read(&s->channel, frame);

    if (!st)
        st = channel_write(&s->channel, w);
    if (!st)
        st = channel_split(&s->channel);
    if (!st)
        event->what = VOUCHSAFE_DEVICE_OPENED;
    return st;
}

static enum status encode_answer(const void *message, struct writer *w)
{
    return answer_encode(message, w);
}

static enum status send_answer(struct session *s, enum answer_code code, struct slice body,
                               struct writer *w)
{
    const struct answer answer = { .number = s->number, .code = code, .body = body };

    return channel_send(&s->channel, encode_answer, &answer, w);
}

/* The first record alone proves that the app holds the key: the handshake's first message may be
 * a replay. */
static enum status confirm(struct session *s)
{
    enum status st = s->confirmed ? ST_OK : rights_confirm(s->channel.device, &s->rights);

    s->confirmed = true;
    return st;
}

static enum status take_record(struct session *s, struct slice frame, struct writer *w,
                               struct vouchsafe_device_event *event)
{
    struct command command;
    struct slice message;
    enum status st = channel_open(&s->channel, frame, &message);

    if (!st)
        st = confirm(s);
    if (!st)
        st = command_decode(message, &command);
    if (st)
        return st;
    s->number = command.number;
    event->action = (const char *)command.action.data;
    event->action_len = command.action.len;
    event->body = command.body.data;
    event->body_len = command.body.len;
    enum answer_code code = rights_ask(s->channel.device, &s->rights, command.action);
    s->waits = code == ANSWER_DONE;
    event->what = s->waits ? VOUCHSAFE_DEVICE_COMMAND : VOUCHSAFE_DEVICE_REFUSED;
    if (s->waits)
        return ST_OK;
    event->status = code == ANSWER_BUSY ? VOUCHSAFE_DEVICE_BUSY : VOUCHSAFE_DEVICE_DENIED;
    return send_answer(s, code, (struct slice){ 0 }, w);
}

static enum status (*const steps[])(struct session *s, struct slice frame, struct writer *w,
                                    struct vouchsafe_device_event *event) = {
    [CHANNEL_HELLO] = take_hello,
    [CHANNEL_HANDSHAKE] = take_handshake,
    [CHANNEL_OPEN] = take_record,
};

static enum status take(struct session *s, struct slice *in, struct vouchsafe_device_out *out,
                        struct vouchsafe_device_event *event)
{
    struct writer w = device_writer(out);
    struct slice frame;
    enum frame_progress progress = frame_read(&s->channel.frames, in, &frame);

    if (progress == FRAME_MORE)
        return ST_OK;
    enum status st =
        progress == FRAME_REFUSED ? ST_TOO_LARGE : steps[s->channel.step](s, frame, &w, event);
    memcpy(event->grant, s->rights.id, sizeof event->grant);
    device_wrote(out, &w);
    return st;
}

enum vouchsafe_device_status vouchsafe_device_session_take(struct vouchsafe_device_session *session,
                                                           const uint8_t *in, size_t len,
                                                           size_t *used,
                                                           struct vouchsafe_device_out *out,
                                                           struct vouchsafe_device_event *event)
{
    struct session *s = inside(session);
    struct slice left = { in, len };

    *used = 0;
    *event = (struct vouchsafe_device_event){ .what = VOUCHSAFE_DEVICE_NOTHING };
    if (s->channel.step == CHANNEL_CLOSED)
        return VOUCHSAFE_DEVICE_CLOSED;
    if (s->waits)
        return VOUCHSAFE_DEVICE_BUSY;
    enum status st = take(s, &left, out, event);
    *used = len - left.len;
    if (st)
        close_session(s);
    return device_status(st);
}

static const enum answer_code codes[] = {
    [VOUCHSAFE_DEVICE_DONE] = ANSWER_DONE,
    [VOUCHSAFE_DEVICE_MORE] = ANSWER_MORE,
    [VOUCHSAFE_DEVICE_NOT_DONE] = ANSWER_FAILED,
    [VOUCHSAFE_DEVICE_NO_SUCH] = ANSWER_UNKNOWN,
};

enum vouchsafe_device_status
vouchsafe_device_session_answer(struct vouchsafe_device_session *session,
                                enum vouchsafe_device_answer answer, const uint8_t *body,
                                size_t len, struct vouchsafe_device_out *out)
{
    struct session *s = inside(session);
    struct writer w = device_writer(out);

    if (s->channel.step == CHANNEL_CLOSED)
        return VOUCHSAFE_DEVICE_CLOSED;
    if (!s->waits || len > VOUCHSAFE_DEVICE_ANSWER_MAX ||
        (size_t)answer >= sizeof codes / sizeof codes[0])
        return VOUCHSAFE_DEVICE_BAD_ARGUMENT;
    /* Settled before it is sent: an answer that is lost does not bring the grant back. */
    if (answer != VOUCHSAFE_DEVICE_MORE) {
        rights_settle(s->channel.device, &s->rights, answer == VOUCHSAFE_DEVICE_DONE);
        s->waits = false;
    }
    enum status st = send_answer(s, codes[answer], (struct slice){ body, len }, &w);
    device_wrote(out, &w);
    if (st)
        close_session(s);
    return device_status(st);
}

void vouchsafe_device_session_end(struct vouchsafe_device_session *session)
{
    struct session *s = inside(session);

    close_session(s);
    secret_wipe(s, sizeof *s);
    s->channel.step = CHANNEL_CLOSED;
}
