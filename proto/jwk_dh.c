#include "jwk_dh.h"

#include <string.h>

#include "base64url.h"
#include "json_scan.h"
#include "secret.h"

static const struct key_form {
    const char *kty;
    const char *crv;
    bool has_y;
} forms[] = {
    [DH_P256] = { "EC", "P-256", true },
    [DH_X25519] = { "OKP", "X25519", false },
};
enum { FORM_COUNT = sizeof forms / sizeof forms[0] };

enum { KTY, CRV, X, Y, D, FIELD_COUNT };
static const struct json_scan_field members[FIELD_COUNT] = {
    [KTY] = { .name = "kty", .type = JSON_SCAN_TEXT },
    [CRV] = { .name = "crv", .type = JSON_SCAN_TEXT, .need = JSON_SCAN_OPTIONAL },
    [X] = { .name = "x", .type = JSON_SCAN_TEXT, .need = JSON_SCAN_OPTIONAL },
    [Y] = { .name = "y", .type = JSON_SCAN_TEXT, .need = JSON_SCAN_OPTIONAL },
    [D] = { .name = "d", .type = JSON_SCAN_TEXT, .need = JSON_SCAN_OPTIONAL },
};

static enum status read_curve(const struct json_scan_field *fields, enum dh_curve *out)
{
    for (size_t i = 0; i < FORM_COUNT; i++)
        if (slice_is(fields[KTY].text, forms[i].kty) && slice_is(fields[CRV].text, forms[i].crv)) {
            *out = (enum dh_curve)i;
            return ST_OK;
        }
    return ST_UNSUPPORTED;
}

static enum status read_bytes(const struct json_scan_field *field,
                              uint8_t out[static KEY_COORD_LEN])
{
    return field->present ? base64url_decode_exact(field->text, out, KEY_COORD_LEN) : ST_INVALID;
}

/* Fills fields and the public half. */
static enum status read_public(struct slice text, struct json_scan_field *fields,
                               struct dh_public *out)
{
    struct dh_public key = { .curve = DH_P256 };

    memcpy(fields, members, sizeof members);
    enum status st =
        json_scan(text, &JSON_SCAN_LIMITS, JSON_SCAN_OTHERS_IGNORED, fields, FIELD_COUNT);
    if (!st)
        st = read_curve(fields, &key.curve);
    if (!st)
        st = read_bytes(&fields[X], key.x);
    if (!st && forms[key.curve].has_y)
        st = read_bytes(&fields[Y], key.y);
    if (!st)
        st = crypto_dh_check(&key);
    if (!st)
        *out = key;
    return st;
}

enum status jwk_dh_read(struct slice text, struct dh_public *out)
{
    struct json_scan_field fields[FIELD_COUNT];
    struct dh_public key;
    enum status st = read_public(text, fields, &key);

    if (!st && fields[D].present)
        st = ST_INVALID; /* whoever sends a private key has lost it */
    if (!st)
        *out = key;
    return st;
}

enum status jwk_dh_private_read(struct slice text, struct dh_private *out)
{
    struct json_scan_field fields[FIELD_COUNT];
    struct dh_public public;
    uint8_t d[KEY_COORD_LEN];
    enum status st = read_public(text, fields, &public);

    if (!st)
        st = read_bytes(&fields[D], d);
    if (!st)
        st = crypto_dh_from_private(public.curve, d, out);
    if (!st && (memcmp(public.x, out->public.x, sizeof public.x) != 0 ||
                memcmp(public.y, out->public.y, sizeof public.y) != 0)) {
        secret_wipe(out, sizeof *out);
        st = ST_INVALID;
    }
    secret_wipe(d, sizeof d);
    return st;
}

static void write_members(struct json_writer *j, const struct dh_public *key)
{
    const struct key_form *form = &forms[key->curve];

    json_text(j, "crv", slice_of(form->crv));
    json_text(j, "kty", slice_of(form->kty));
    json_base64url(j, "x", (struct slice){ key->x, sizeof key->x });
    if (form->has_y)
        json_base64url(j, "y", (struct slice){ key->y, sizeof key->y });
}

void jwk_dh_write(struct json_writer *j, const char *name, const struct dh_public *key)
{
    json_begin_object(j, name);
    write_members(j, key);
    json_end_object(j);
}

struct digest jwk_dh_thumbprint(const struct dh_public *key)
{
    uint8_t text[JWK_DH_MAX];
    struct writer w = writer_over(text, sizeof text);
    struct json_writer j = json_writer_over(&w);

    jwk_dh_write(&j, NULL, key);
    return crypto_sha256(writer_slice(&w));
}

enum status jwk_dh_private_write(const struct dh_private *key, struct writer *w)
{
    struct json_writer j = json_writer_over(w);

    json_begin_object(&j, NULL);
    write_members(&j, &key->public);
    json_base64url(&j, "d", (struct slice){ key->d, sizeof key->d });
    json_end_object(&j);
    return w->full ? ST_TOO_LARGE : ST_OK;
}
