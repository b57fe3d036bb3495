#include "jwk.h"

static const struct key_form {
    const char *kty;
    const char *crv;
    bool has_y;
} forms[] = {
    [KEY_P256] = { "EC", "P-256", true },
    [KEY_ED25519] = { "OKP", "Ed25519", false },
};
enum { FORM_COUNT = sizeof forms / sizeof forms[0], WORD_MAX = 32 };

static enum status read_type(const cJSON *jwk, enum key_type *out)
{
    struct slice kty, crv;

    if (json_get_text(jwk, "kty", WORD_MAX, &kty))
        return ST_INVALID;
    enum status st = json_get_text(jwk, "crv", WORD_MAX, &crv);
    if (st)
        return st == ST_NOT_FOUND ? ST_UNSUPPORTED : ST_INVALID; /* RSA and oct have none */
    for (size_t i = 0; i < FORM_COUNT; i++)
        if (slice_is(kty, forms[i].kty) && slice_is(crv, forms[i].crv)) {
            *out = (enum key_type)i;
            return ST_OK;
        }
    return ST_UNSUPPORTED;
}

enum status jwk_read_vouched(const cJSON *jwk, struct public_key *out)
{
    struct public_key key = { .type = KEY_P256 };
    enum status st = read_type(jwk, &key.type);

    if (st)
        return st;
    if (cJSON_GetObjectItemCaseSensitive(jwk, "d"))
        return ST_INVALID; /* whoever sends a private key has lost it */
    if (json_get_bytes(jwk, "x", key.x, sizeof key.x))
        return ST_INVALID;
    if (forms[key.type].has_y && json_get_bytes(jwk, "y", key.y, sizeof key.y))
        return ST_INVALID;
    if (key.type != KEY_P256)
        st = crypto_key_check(&key);
    if (!st)
        *out = key;
    return st;
}

enum status jwk_read(const cJSON *jwk, struct public_key *out)
{
    struct public_key key;
    enum status st = jwk_read_vouched(jwk, &key);

    if (!st)
        st = crypto_key_check(&key);
    if (!st)
        *out = key;
    return st;
}

void jwk_write_members(struct json_writer *j, const struct public_key *key)
{
    const struct key_form *form = &forms[key->type];

    json_text(j, "crv", slice_of(form->crv));
    json_text(j, "kty", slice_of(form->kty));
    json_base64url(j, "x", (struct slice){ key->x, sizeof key->x });
    if (form->has_y)
        json_base64url(j, "y", (struct slice){ key->y, sizeof key->y });
}

void jwk_write(struct json_writer *j, const char *name, const struct public_key *key)
{
    json_begin_object(j, name);
    jwk_write_members(j, key);
    json_end_object(j);
}

struct digest jwk_thumbprint(const struct public_key *key)
{
    uint8_t text[160];
    struct writer w = writer_over(text, sizeof text);
    struct json_writer j = json_writer_over(&w);

    jwk_write(&j, NULL, key);
    return crypto_sha256(writer_slice(&w));
}
