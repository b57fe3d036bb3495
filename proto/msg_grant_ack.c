#include "msg_grant_ack.h"

enum status grant_ack_decode(struct slice message, struct grant_ack *out)
{
    struct reader r = device_message_begin(message, DEVICE_GRANT_ACK);

    reader_bytes(&r, out->id, sizeof out->id);
    unsigned result = reader_u8(&r);
    if (!reader_is_done(&r) || result < GRANT_TAKEN || result > GRANT_REVOKED)
        return ST_INVALID;
    out->result = (enum grant_result)result;
    return ST_OK;
}

enum status grant_ack_encode(const struct grant_ack *m, struct writer *w)
{
    writer_byte(w, DEVICE_GRANT_ACK);
    writer_put(w, (struct slice){ m->id, sizeof m->id });
    writer_byte(w, (uint8_t)m->result);
    return w->full ? ST_TOO_LARGE : ST_OK;
}
