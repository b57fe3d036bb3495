#include <string.h>

#include "base64url.h"
#include "json_scan.h"
#include "jwe_private.h"
#include "jwk_dh.h"
#include "secret.h"

enum { PROTECTED, WRAPPED, IV, CIPHERTEXT, TAG, SEGMENT_COUNT };

/* RFC 7516 §7.1: five segments, none of them more. */
static enum status split(struct slice token, struct slice segments[static SEGMENT_COUNT])
{
    struct slice rest = token;

    if (token.len > JWE_MAX_LEN)
        return ST_TOO_LARGE;
    for (size_t i = 0; i < SEGMENT_COUNT; i++) {
        if (!rest.data)
            return ST_INVALID;
        segments[i] = slice_cut(&rest, '.');
    }
    return rest.data ? ST_INVALID : ST_OK;
}

enum { ALG, ENC, KID, CTY, EPK, APU, APV, ZIP, FIELD_COUNT };
/* Nothing else: "crit" with whatever in it is refused by not being here (RFC 7516 §4.1.13). */
static const struct json_scan_field members[FIELD_COUNT] = {
    [ALG] = { .name = "alg", .type = JSON_SCAN_TEXT },
    [ENC] = { .name = "enc", .type = JSON_SCAN_TEXT },
    [KID] = { .name = "kid", .type = JSON_SCAN_TEXT, .need = JSON_SCAN_OPTIONAL },
    [CTY] = { .name = "cty", .type = JSON_SCAN_TEXT, .need = JSON_SCAN_OPTIONAL },
    [EPK] = { .name = "epk", .type = JSON_SCAN_OBJECT, .need = JSON_SCAN_OPTIONAL },
    [APU] = { .name = "apu", .type = JSON_SCAN_TEXT, .need = JSON_SCAN_OPTIONAL },
    [APV] = { .name = "apv", .type = JSON_SCAN_TEXT, .need = JSON_SCAN_OPTIONAL },
    [ZIP] = { .name = "zip", .type = JSON_SCAN_TEXT, .need = JSON_SCAN_OPTIONAL },
};

/* A header as it was read; the fields borrow from json. */
struct opened_header {
    uint8_t json[JWE_HEADER_MAX];
    struct json_scan_field fields[FIELD_COUNT];
    struct dh_public ephemeral;
    struct slice apu;
    struct slice apv;
    uint8_t parties[2][JWE_PARTY_MAX];
};

static enum status scan_header(struct slice segment, struct opened_header *out)
{
    size_t len;

    if (segment.len == 0 || base64url_decode(segment, out->json, sizeof out->json, &len))
        return ST_INVALID;
    memcpy(out->fields, members, sizeof members);
    enum status st = json_scan((struct slice){ out->json, len }, &JSON_SCAN_LIMITS,
                               JSON_SCAN_OTHERS_REFUSED, out->fields, FIELD_COUNT);
    if (!st && (out->fields[KID].text.len > JWE_KID_MAX || out->fields[CTY].text.len > JWE_CTY_MAX))
        st = ST_INVALID;
    return st;
}

static enum status read_party(const struct json_scan_field *field, uint8_t *bytes,
                              struct slice *out)
{
    size_t len = 0;

    if (field->present && base64url_decode(field->text, bytes, JWE_PARTY_MAX, &len))
        return ST_INVALID;
    *out = (struct slice){ bytes, len };
    return ST_OK;
}

/* epk, apu and apv belong to ECDH-ES; with dir they are refused. */
static enum status read_agreement(enum jwe_alg alg, struct opened_header *h)
{
    const struct json_scan_field *f = h->fields;

    if (alg == JWE_DIR)
        return f[EPK].present || f[APU].present || f[APV].present ? ST_INVALID : ST_OK;
    if (!f[EPK].present)
        return ST_INVALID;
    enum status st = jwk_dh_read(f[EPK].text, &h->ephemeral);
    if (!st)
        st = read_party(&f[APU], h->parties[0], &h->apu);
    return st ? st : read_party(&f[APV], h->parties[1], &h->apv);
}

static bool is_as_expected(struct slice expected, struct slice found)
{
    return expected.len == 0 || slice_equal(expected, found);
}

static enum status check_header(enum jwe_alg alg, const struct jwe_header *expected,
                                struct opened_header *h)
{
    const struct json_scan_field *f = h->fields;

    if (!slice_is(f[ALG].text, jwe_alg_names[alg]) || !slice_is(f[ENC].text, JWE_ENC))
        return ST_UNSUPPORTED;
    if (f[ZIP].present || !slice_equal(expected->cty, f[CTY].text))
        return ST_UNSUPPORTED;
    if (!is_as_expected(expected->kid, f[KID].text))
        return ST_NOT_FOUND;
    enum status st = read_agreement(alg, h);
    if (!st && (!is_as_expected(expected->apu, h->apu) || !is_as_expected(expected->apv, h->apv)))
        st = ST_DENIED;
    return st;
}

static enum status read_header(struct slice segment, enum jwe_alg alg,
                               const struct jwe_header *expected, struct opened_header *out)
{
    enum status st = scan_header(segment, out);

    return st ? st : check_header(alg, expected, out);
}

/* Ciphertext and tag side by side in `out`, opened where they lie. */
static enum status open_content(const uint8_t key[static AEAD_KEY_LEN],
                                const struct slice segments[static SEGMENT_COUNT], uint8_t *out,
                                size_t cap, size_t *len)
{
    uint8_t iv[AEAD_NONCE_LEN];
    size_t n = 0;

    if (base64url_decode_exact(segments[IV], iv, sizeof iv))
        return ST_INVALID;
    if (segments[CIPHERTEXT].len) {
        enum status st = base64url_decode(segments[CIPHERTEXT], out, cap, &n);
        if (st)
            return st;
    }
    if (n > JWE_PLAIN_MAX || cap - n < AEAD_TAG_LEN)
        return ST_TOO_LARGE;
    if (base64url_decode_exact(segments[TAG], out + n, AEAD_TAG_LEN))
        return ST_INVALID;
    enum status st =
        crypto_open(key, iv, segments[PROTECTED], (struct slice){ out, n + AEAD_TAG_LEN }, out);
    *len = st ? 0 : n;
    return st;
}

static enum status unwrap(const struct dh_private *key, const struct opened_header *h,
                          struct slice segment, uint8_t out[static AEAD_KEY_LEN])
{
    uint8_t shared[DH_SHARED_LEN], kek[AEAD_KEY_LEN], wrapped[WRAPPED_KEY_LEN];

    if (h->ephemeral.curve != key->public.curve)
        return ST_UNSUPPORTED;
    if (base64url_decode_exact(segment, wrapped, sizeof wrapped))
        return ST_INVALID;
    enum status st = crypto_dh_shared(key, &h->ephemeral, shared);
    if (!st)
        st = jwe_derive(shared, h->apu, h->apv, kek);
    if (!st)
        st = crypto_key_unwrap(kek, wrapped, out);
    secret_wipe(shared, sizeof shared);
    secret_wipe(kek, sizeof kek);
    return st;
}

enum status jwe_decrypt_with(const struct dh_private *key, const struct jwe_header *expected,
                             struct slice token, uint8_t *out, size_t cap, size_t *len)
{
    struct slice segments[SEGMENT_COUNT];
    struct opened_header header = { 0 };
    uint8_t content_key[AEAD_KEY_LEN];
    enum status st = split(token, segments);

    *len = 0;
    if (!st)
        st = read_header(segments[PROTECTED], JWE_ECDH_ES_A256KW, expected, &header);
    if (!st)
        st = unwrap(key, &header, segments[WRAPPED], content_key);
    if (!st)
        st = open_content(content_key, segments, out, cap, len);
    secret_wipe(content_key, sizeof content_key);
    if (st)
        secret_wipe(out, cap);
    return st;
}

enum status jwe_decrypt_dir(const uint8_t key[static AEAD_KEY_LEN],
                            const struct jwe_header *expected, struct slice token, uint8_t *out,
                            size_t cap, size_t *len)
{
    struct slice segments[SEGMENT_COUNT];
    struct opened_header header = { 0 };
    enum status st = split(token, segments);

    *len = 0;
    if (!st)
        st = read_header(segments[PROTECTED], JWE_DIR, expected, &header);
    if (!st && segments[WRAPPED].len)
        st = ST_INVALID; /* RFC 7516 §5.2, step 10 */
    if (!st)
        st = open_content(key, segments, out, cap, len);
    if (st)
        secret_wipe(out, cap);
    return st;
}

enum status jwe_peek_kid(struct slice token, char out[static JWE_KID_MAX + 1])
{
    struct slice segments[SEGMENT_COUNT];
    struct opened_header header;
    enum status st = split(token, segments);

    if (!st)
        st = scan_header(segments[PROTECTED], &header);
    return st ? st : slice_copy_text(header.fields[KID].text, out, JWE_KID_MAX + 1);
}
