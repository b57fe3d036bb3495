#include "msg_command.h"

#include <string.h>

#include "msg_grant.h"

static bool is_action(struct slice action)
{
    return action.len <= COMMAND_ACTION_MAX && grant_scope_ok(action) &&
           !memchr(action.data, ' ', action.len);
}

enum status command_decode(struct slice message, struct command *out)
{
    struct reader r = device_message_begin(message, DEVICE_COMMAND);

    out->number = reader_u32be(&r);
    out->action = reader_slice(&r, reader_u8(&r));
    out->body = reader_rest(&r);
    bool good = reader_is_done(&r) && is_action(out->action) && out->body.len <= COMMAND_BODY_MAX;
    return good ? ST_OK : ST_INVALID;
}

enum status command_encode(const struct command *m, struct writer *w)
{
    if (!is_action(m->action))
        return ST_INVALID;
    if (m->body.len > COMMAND_BODY_MAX)
        return ST_TOO_LARGE;
    writer_byte(w, DEVICE_COMMAND);
    writer_u32be(w, m->number);
    writer_byte(w, (uint8_t)m->action.len);
    writer_put(w, m->action);
    writer_put(w, m->body);
    return w->full ? ST_TOO_LARGE : ST_OK;
}

enum status answer_decode(struct slice message, struct answer *out)
{
    struct reader r = device_message_begin(message, DEVICE_ANSWER);

    out->number = reader_u32be(&r);
    unsigned code = reader_u8(&r);
    out->body = reader_rest(&r);
    if (!reader_is_done(&r) || code > ANSWER_BUSY || out->body.len > COMMAND_BODY_MAX)
        return ST_INVALID;
    out->code = (enum answer_code)code;
    return ST_OK;
}

enum status answer_encode(const struct answer *m, struct writer *w)
{
    if (m->body.len > COMMAND_BODY_MAX)
        return ST_TOO_LARGE;
    writer_byte(w, DEVICE_ANSWER);
    writer_u32be(w, m->number);
    writer_byte(w, (uint8_t)m->code);
    writer_put(w, m->body);
    return w->full ? ST_TOO_LARGE : ST_OK;
}
