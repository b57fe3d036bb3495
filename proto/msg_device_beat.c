#include "msg_device_beat.h"

enum status device_beat_decode(struct slice message, struct device_beat *out)
{
    out->pong = device_message_kind(message) == DEVICE_PONG;
    struct reader r = device_message_begin(message, out->pong ? DEVICE_PONG : DEVICE_PING);
    out->number = reader_u32be(&r);
    out->time = reader_u64be(&r);
    return reader_is_done(&r) ? ST_OK : ST_INVALID;
}

enum status device_beat_encode(const struct device_beat *m, struct writer *w)
{
    writer_byte(w, m->pong ? DEVICE_PONG : DEVICE_PING);
    writer_u32be(w, m->number);
    writer_u64be(w, m->time);
    return w->full ? ST_TOO_LARGE : ST_OK;
}
