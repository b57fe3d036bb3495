#include "base64url.h"
#include "jwe_private.h"
#include "jwk_dh.h"
#include "secret.h"

/* What goes into one token besides the plain text. */
struct sealing {
    enum jwe_alg alg;
    const struct jwe_header *header;
    struct dh_private ephemeral;      /* ECDH-ES */
    uint8_t key[AEAD_KEY_LEN];        /* of the content */
    uint8_t wrapped[WRAPPED_KEY_LEN]; /* ECDH-ES */
};

static enum status check_header(const struct jwe_header *header)
{
    bool fits = header->kid.len <= JWE_KID_MAX && header->cty.len <= JWE_CTY_MAX &&
                header->apu.len <= JWE_PARTY_MAX && header->apv.len <= JWE_PARTY_MAX;

    return fits ? ST_OK : ST_TOO_LARGE;
}

static void write_optional_text(struct json_writer *j, const char *name, struct slice text)
{
    if (text.len)
        json_text(j, name, text);
}

static void write_party(struct json_writer *j, const char *name, struct slice bytes)
{
    if (bytes.len)
        json_base64url(j, name, bytes);
}

static enum status write_header(const struct sealing *s, struct writer *w)
{
    uint8_t text[JWE_HEADER_MAX];
    struct writer json = writer_over(text, sizeof text);
    struct json_writer j = json_writer_over(&json);

    json_begin_object(&j, NULL);
    json_text(&j, "alg", slice_of(jwe_alg_names[s->alg]));
    json_text(&j, "enc", SLICE_LIT(JWE_ENC));
    write_optional_text(&j, "kid", s->header->kid);
    write_optional_text(&j, "cty", s->header->cty);
    if (s->alg == JWE_ECDH_ES_A256KW) {
        jwk_dh_write(&j, "epk", &s->ephemeral.public);
        write_party(&j, "apu", s->header->apu);
        write_party(&j, "apv", s->header->apv);
    }
    json_end_object(&j);
    if (json.full)
        return ST_TOO_LARGE;
    base64url_write(w, writer_slice(&json));
    return ST_OK;
}

/* Draws the content's key and wraps it for the recipient. */
static enum status wrap(struct sealing *s, const struct dh_public *recipient, random_fn *random,
                        void *arg)
{
    uint8_t shared[DH_SHARED_LEN], kek[AEAD_KEY_LEN];
    enum status st = random(arg, s->key, sizeof s->key);

    if (!st)
        st = crypto_dh_generate(recipient->curve, random, arg, &s->ephemeral);
    if (!st)
        st = crypto_dh_shared(&s->ephemeral, recipient, shared);
    if (!st)
        st = jwe_derive(shared, s->header->apu, s->header->apv, kek);
    if (!st)
        st = crypto_key_wrap(kek, s->key, s->wrapped);
    secret_wipe(shared, sizeof shared);
    secret_wipe(kek, sizeof kek);
    return st == ST_DENIED ? ST_INVALID : st; /* a point of small order */
}

/* Appends .iv.ciphertext.tag; `protected` is the header as it stands in the token. */
static enum status write_content(const struct sealing *s, struct slice protected,
                                 struct slice plain, random_fn *random, void *arg, struct writer *w)
{
    uint8_t iv[AEAD_NONCE_LEN], sealed[JWE_PLAIN_MAX + AEAD_TAG_LEN];
    enum status st = random(arg, iv, sizeof iv);

    if (!st)
        st = crypto_seal(s->key, iv, protected, plain, sealed);
    if (st)
        return st;
    writer_byte(w, '.');
    base64url_write(w, (struct slice){ iv, sizeof iv });
    writer_byte(w, '.');
    base64url_write(w, (struct slice){ sealed, plain.len });
    writer_byte(w, '.');
    base64url_write(w, (struct slice){ sealed + plain.len, AEAD_TAG_LEN });
    return w->full ? ST_TOO_LARGE : ST_OK;
}

static enum status write_token(const struct sealing *s, struct slice plain, random_fn *random,
                               void *arg, struct writer *w)
{
    const size_t start = w->len;
    enum status st = write_header(s, w);

    if (st || w->full)
        return ST_TOO_LARGE;
    struct slice protected = { w->data + start, w->len - start };
    writer_byte(w, '.');
    if (s->alg == JWE_ECDH_ES_A256KW)
        base64url_write(w, (struct slice){ s->wrapped, sizeof s->wrapped });
    return write_content(s, protected, plain, random, arg, w);
}

enum status jwe_encrypt_to(const struct dh_public *recipient, const struct jwe_header *header,
                           struct slice plain, random_fn *random, void *random_arg,
                           struct writer *w)
{
    struct sealing s = { .alg = JWE_ECDH_ES_A256KW, .header = header };
    enum status st = plain.len > JWE_PLAIN_MAX ? ST_TOO_LARGE : check_header(header);

    if (!st)
        st = wrap(&s, recipient, random, random_arg);
    if (!st)
        st = write_token(&s, plain, random, random_arg, w);
    secret_wipe(&s, sizeof s);
    return st;
}

enum status jwe_encrypt_dir(const uint8_t key[static AEAD_KEY_LEN], const struct jwe_header *header,
                            struct slice plain, random_fn *random, void *random_arg,
                            struct writer *w)
{
    struct sealing s = { .alg = JWE_DIR, .header = header };
    enum status st = plain.len > JWE_PLAIN_MAX ? ST_TOO_LARGE : check_header(header);

    if (st)
        return st;
    for (size_t i = 0; i < sizeof s.key; i++)
        s.key[i] = key[i];
    st = write_token(&s, plain, random, random_arg, w);
    secret_wipe(&s, sizeof s);
    return st;
}
