#include "msg_grant_revoke.h"

enum status grant_revoke_decode(struct slice message, struct grant_revoke *out)
{
    struct reader r = device_message_begin(message, DEVICE_GRANT_REVOKE);

    reader_bytes(&r, out->id, sizeof out->id);
    return reader_is_done(&r) ? ST_OK : ST_INVALID;
}

enum status grant_revoke_encode(const struct grant_revoke *m, struct writer *w)
{
    writer_byte(w, DEVICE_GRANT_REVOKE);
    writer_put(w, (struct slice){ m->id, sizeof m->id });
    return w->full ? ST_TOO_LARGE : ST_OK;
}
