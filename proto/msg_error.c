#include "msg_error.h"

enum { ERROR_MAX = 64, DESCRIPTION_MAX = 512 };

enum status error_message_decode(const cJSON *message, struct error_message *out)
{
    if (json_get_text(message, "error", ERROR_MAX, &out->error) ||
        json_get_optional_text(message, "error_description", DESCRIPTION_MAX, &out->description))
        return ST_INVALID;
    return json_get_optional_text(message, "error_id", ERROR_ID_LEN, &out->error_id);
}

enum status error_message_encode(const struct error_message *m, struct writer *w)
{
    struct json_writer j = json_writer_over(w);

    json_begin_object(&j, NULL);
    json_text(&j, "error", m->error);
    if (m->description.len)
        json_text(&j, "error_description", m->description);
    if (m->error_id.len)
        json_text(&j, "error_id", m->error_id);
    json_end_object(&j);
    return w->full ? ST_TOO_LARGE : ST_OK;
}
