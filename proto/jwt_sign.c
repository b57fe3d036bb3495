#include "jwt_sign.h"

#include "base64url.h"
#include "jwk.h"

enum { HEADER_MAX = 512 };

static enum status write_header(const struct jwt_header *header, struct writer *w)
{
    uint8_t text[HEADER_MAX];
    struct writer json = writer_over(text, sizeof text);
    struct json_writer j = json_writer_over(&json);

    json_begin_object(&j, NULL);
    json_text(&j, "alg", slice_of(jwt_alg_name(header->alg)));
    json_text(&j, "typ", slice_of(header->typ));
    if (header->kid)
        json_text(&j, "kid", slice_of(header->kid));
    if (header->jwk)
        jwk_write(&j, "jwk", header->jwk);
    json_end_object(&j);
    if (json.full)
        return ST_TOO_LARGE;
    base64url_write(w, writer_slice(&json));
    return ST_OK;
}

/* Appends header.claims and says where in w they lie: what gets signed. */
static enum status write_input(const struct jwt_header *header, struct slice claims,
                               struct writer *w, struct slice *input)
{
    size_t start = w->len;
    enum status st = write_header(header, w);

    if (st)
        return st;
    writer_byte(w, '.');
    base64url_write(w, claims);
    if (w->full)
        return ST_TOO_LARGE;
    *input = (struct slice){ w->data + start, w->len - start };
    return ST_OK;
}

static enum status write_signature(struct writer *w, struct slice signature)
{
    writer_byte(w, '.');
    base64url_write(w, signature);
    return w->full ? ST_TOO_LARGE : ST_OK;
}

enum status jwt_sign_hs256(const struct jwt_header *header, struct slice claims, struct slice key,
                           struct writer *w)
{
    struct slice input;
    enum status st = write_input(header, claims, w, &input);

    if (st)
        return st;
    struct digest mac = crypto_hmac_sha256(key, input);
    return write_signature(w, (struct slice){ mac.bytes, sizeof mac.bytes });
}

enum status jwt_sign_with(const struct jwt_header *header, struct slice claims, jwt_signer_fn *sign,
                          void *arg, struct writer *w)
{
    uint8_t signature[SIGNATURE_LEN];
    struct slice input;
    enum status st = write_input(header, claims, w, &input);

    if (!st)
        st = sign(arg, input, signature);
    return st ? st : write_signature(w, (struct slice){ signature, sizeof signature });
}

enum status jwt_sign_private_key(void *arg, struct slice message,
                                 uint8_t signature[static SIGNATURE_LEN])
{
    return crypto_sign(arg, message, signature);
}
