#include "device_reply.h"

bool device_reply_collides(const cJSON *answer)
{
    return cJSON_GetObjectItemCaseSensitive(answer, "cnf") ||
           cJSON_GetObjectItemCaseSensitive(answer, "device_grant");
}

/* Everything up to the brace that ends it. */
static struct slice without_end(struct slice body)
{
    while (body.len && body.data[body.len - 1] != '}')
        body.len--;
    return (struct slice){ body.data, body.len - 1 };
}

static void write_cnf(const uint8_t *key, struct json_writer *j)
{
    json_begin_object(j, "cnf");
    json_begin_object(j, "jwk");
    json_text(j, "kty", SLICE_LIT("oct"));
    json_base64url(j, "k", (struct slice){ key, OCT_KEY_LEN });
    json_end_object(j);
    json_end_object(j);
}

static void write_grant(const struct device_reply *what, struct json_writer *j)
{
    json_begin_object(j, "device_grant");
    json_text(j, "device", slice_of(what->device));
    json_text(j, "scope", slice_of(what->terms->scope));
    json_int(j, "nbf", what->terms->not_before);
    json_int(j, "exp", what->terms->expires);
    json_bool(j, "once", what->terms->once);
    json_text(j, "delivery", slice_of(what->delivery));
    if (what->token.len)
        json_text(j, "token", what->token);
    else
        json_base64url(j, "grant_id", (struct slice){ what->grant_id, GRANT_ID_LEN });
    json_end_object(j);
}

/* It has members, an access token at least: a comma goes before ours. */
enum status device_reply_write(struct slice body, const struct device_reply *what, struct writer *w)
{
    struct json_writer j = json_writer_over(w);

    writer_put(w, without_end(body));
    j.comma = true;
    if (what->key)
        write_cnf(what->key, &j);
    write_grant(what, &j);
    writer_byte(w, '}');
    return w->full ? ST_TOO_LARGE : ST_OK;
}
