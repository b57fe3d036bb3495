#include "jwk_private.h"

#include <string.h>

#include "base64url.h"
#include "jwk.h"
#include "secret.h"

static bool same(const struct public_key *a, const struct public_key *b)
{
    return a->type == b->type && memcmp(a->x, b->x, sizeof a->x) == 0 &&
           (a->type != KEY_P256 || memcmp(a->y, b->y, sizeof a->y) == 0);
}

static enum status read_half(const cJSON *d, enum key_type type, struct private_key *out)
{
    uint8_t bytes[KEY_COORD_LEN];
    enum status st = base64url_decode_exact(slice_of(d->valuestring), bytes, sizeof bytes);

    if (!st)
        st = crypto_key_from_private(type, bytes, out);
    secret_wipe(bytes, sizeof bytes);
    return st;
}

enum status jwk_private_read(cJSON *jwk, struct private_key *out)
{
    cJSON *d = cJSON_DetachItemFromObjectCaseSensitive(jwk, "d");
    struct public_key public;
    enum status st = jwk_read(jwk, &public);

    if (!st)
        st = cJSON_IsString(d) ? read_half(d, public.type, out) : ST_INVALID;
    if (!st && !same(&public, &out->public)) {
        secret_wipe(out, sizeof *out);
        st = ST_INVALID;
    }
    if (cJSON_IsString(d))
        secret_wipe(d->valuestring, strlen(d->valuestring));
    cJSON_Delete(d);
    return st;
}

enum status jwk_private_write(const struct private_key *key, struct writer *w)
{
    struct json_writer j = json_writer_over(w);

    json_begin_object(&j, NULL);
    jwk_write_members(&j, &key->public);
    json_base64url(&j, "d", (struct slice){ key->d, sizeof key->d });
    json_end_object(&j);
    return w->full ? ST_TOO_LARGE : ST_OK;
}
