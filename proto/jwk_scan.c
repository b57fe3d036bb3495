#include "jwk_scan.h"

#include "base64url.h"
#include "json_scan.h"

enum { KTY, CRV, X, Y, D, KID, FIELD_COUNT };

static bool is_key(const struct json_scan_field *f, const char *kty, const char *crv)
{
    return slice_is(f[KTY].text, kty) && slice_is(f[CRV].text, crv);
}

static enum status read_key(const struct json_scan_field *f, struct public_key *out)
{
    struct public_key key = { .type = KEY_P256 };
    enum status st;

    if (is_key(f, "OKP", "Ed25519"))
        key.type = KEY_ED25519;
    else if (!is_key(f, "EC", "P-256"))
        return ST_UNSUPPORTED;
    st = f[D].present ? ST_INVALID : base64url_decode_exact(f[X].text, key.x, sizeof key.x);
    if (!st && key.type == KEY_P256)
        st = base64url_decode_exact(f[Y].text, key.y, sizeof key.y);
    if (!st)
        st = crypto_key_check(&key);
    if (!st)
        *out = key;
    return st;
}

enum status jwk_scan(struct slice text, struct jwk_named *out)
{
    struct json_scan_field f[FIELD_COUNT] = {
        [KTY] = { .name = "kty", .type = JSON_SCAN_TEXT },
        [CRV] = { .name = "crv", .type = JSON_SCAN_TEXT, .need = JSON_SCAN_OPTIONAL },
        [X] = { .name = "x", .type = JSON_SCAN_TEXT, .need = JSON_SCAN_OPTIONAL },
        [Y] = { .name = "y", .type = JSON_SCAN_TEXT, .need = JSON_SCAN_OPTIONAL },
        [D] = { .name = "d", .type = JSON_SCAN_TEXT, .need = JSON_SCAN_OPTIONAL },
        [KID] = { .name = "kid", .type = JSON_SCAN_TEXT, .need = JSON_SCAN_OPTIONAL },
    };
    enum status st = json_scan(text, &JSON_SCAN_LIMITS, JSON_SCAN_OTHERS_IGNORED, f, FIELD_COUNT);

    if (!st)
        st = read_key(f, &out->key);
    if (!st && slice_copy_text(f[KID].text, out->kid, sizeof out->kid))
        st = ST_INVALID;
    return st;
}
