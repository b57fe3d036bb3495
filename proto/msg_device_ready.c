#include "msg_device_ready.h"

enum status device_ready_decode(struct slice message, struct device_ready *out)
{
    struct reader r = device_message_begin(message, DEVICE_READY);

    out->capacity = reader_u16be(&r);
    out->held = reader_u16be(&r);
    out->time = reader_u64be(&r);
    return reader_is_done(&r) && out->held <= out->capacity ? ST_OK : ST_INVALID;
}

enum status device_ready_encode(const struct device_ready *m, struct writer *w)
{
    writer_byte(w, DEVICE_READY);
    writer_u16be(w, m->capacity);
    writer_u16be(w, m->held);
    writer_u64be(w, m->time);
    return w->full ? ST_TOO_LARGE : ST_OK;
}
