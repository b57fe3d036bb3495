#include "crypto.h"

#include <openssl/bn.h>
#include <openssl/curve25519.h>
#include <openssl/ec.h>
#include <openssl/ec_key.h>
#include <openssl/ecdsa.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <string.h>

#include "crypto_p256.h"
#include "secret.h"

enum { HMAC_BLOCK_LEN = SHA256_CBLOCK };

void crypto_random(uint8_t *out, size_t len)
{
    RAND_bytes(out, len);
}

enum status crypto_system_random(void *arg, uint8_t *out, size_t len)
{
    (void)arg;
    RAND_bytes(out, len);
    return ST_OK;
}

struct digest crypto_sha256(struct slice data)
{
    struct digest out;

    SHA256(data.data, data.len, out.bytes);
    return out;
}

_Static_assert(sizeof(SHA256_CTX) <= sizeof((struct crypto_hash){ 0 }.opaque), "state fits");

void crypto_hash_init(struct crypto_hash *h)
{
    SHA256_Init((void *)h->opaque); /* aligned as declared */
}

void crypto_hash_update(struct crypto_hash *h, struct slice data)
{
    SHA256_Update((void *)h->opaque, data.data, data.len);
}

struct digest crypto_hash_final(struct crypto_hash *h)
{
    struct digest out;

    SHA256_Final(out.bytes, (void *)h->opaque);
    secret_wipe(h, sizeof *h);
    return out;
}

/* HMAC (RFC 2104) is two hashes that begin with the masked key. Kept by hand since BoringSSL's
 * HMAC_CTX allocates. */
struct hmac_state {
    SHA256_CTX inner;
    SHA256_CTX outer;
};
_Static_assert(sizeof(struct hmac_state) <= sizeof((struct crypto_hmac){ 0 }.opaque), "state fits");

static void hash_masked(SHA256_CTX *hash, const uint8_t key[static HMAC_BLOCK_LEN], uint8_t mask)
{
    uint8_t block[HMAC_BLOCK_LEN];

    for (size_t i = 0; i < sizeof block; i++)
        block[i] = key[i] ^ mask;
    SHA256_Init(hash);
    SHA256_Update(hash, block, sizeof block);
    secret_wipe(block, sizeof block);
}

void crypto_hmac_init(struct crypto_hmac *h, struct slice key)
{
    struct hmac_state *state = (void *)h->opaque; /* aligned as declared */
    uint8_t block[HMAC_BLOCK_LEN] = { 0 };

    if (key.len > sizeof block)
        SHA256(key.data, key.len, block);
    else if (key.len)
        memcpy(block, key.data, key.len);
    hash_masked(&state->inner, block, 0x36);
    hash_masked(&state->outer, block, 0x5c);
    secret_wipe(block, sizeof block);
}

void crypto_hmac_update(struct crypto_hmac *h, struct slice data)
{
    struct hmac_state *state = (void *)h->opaque; /* aligned as declared */

    SHA256_Update(&state->inner, data.data, data.len);
}

struct digest crypto_hmac_final(struct crypto_hmac *h)
{
    struct hmac_state *state = (void *)h->opaque; /* aligned as declared */
    struct digest out;

    SHA256_Final(out.bytes, &state->inner);
    SHA256_Update(&state->outer, out.bytes, sizeof out.bytes);
    SHA256_Final(out.bytes, &state->outer);
    secret_wipe(h, sizeof *h);
    return out;
}

struct digest crypto_hmac_sha256(struct slice key, struct slice data)
{
    struct crypto_hmac h;

    crypto_hmac_init(&h, key);
    crypto_hmac_update(&h, data);
    return crypto_hmac_final(&h);
}

static bool p256_write_public(const EC_KEY *ec, struct public_key *out)
{
    uint8_t point[1 + 2 * KEY_COORD_LEN];
    size_t len = EC_POINT_point2oct(EC_KEY_get0_group(ec), EC_KEY_get0_public_key(ec),
                                    POINT_CONVERSION_UNCOMPRESSED, point, sizeof point, NULL);

    if (len != sizeof point)
        return false;
    memcpy(out->x, point + 1, KEY_COORD_LEN);
    memcpy(out->y, point + 1 + KEY_COORD_LEN, KEY_COORD_LEN);
    return true;
}

static enum status p256_generate(struct private_key *out)
{
    EC_KEY *ec = p256_new();
    enum status st = ST_NO_MEMORY;

    if (ec && EC_KEY_generate_key(ec) && p256_write_public(ec, &out->public) &&
        BN_bn2bin_padded(out->d, sizeof out->d, EC_KEY_get0_private_key(ec)))
        st = ST_OK;
    EC_KEY_free(ec);
    return st;
}

static enum status p256_restore(struct private_key *out)
{
    EC_KEY *ec = p256_private(out->d);
    enum status st = ec && p256_write_public(ec, &out->public) ? ST_OK : ST_INVALID;

    EC_KEY_free(ec);
    return st;
}

static enum status p256_sign(const struct private_key *key, struct slice message,
                             uint8_t out[static SIGNATURE_LEN])
{
    struct digest hash = crypto_sha256(message);
    EC_KEY *ec = p256_private(key->d);
    ECDSA_SIG *sig = ec ? ECDSA_do_sign(hash.bytes, sizeof hash.bytes, ec) : NULL;
    enum status st = ec ? ST_NO_MEMORY : ST_INVALID;

    if (sig && BN_bn2bin_padded(out, 32, ECDSA_SIG_get0_r(sig)) &&
        BN_bn2bin_padded(out + 32, 32, ECDSA_SIG_get0_s(sig)))
        st = ST_OK;
    ECDSA_SIG_free(sig);
    EC_KEY_free(ec);
    return st;
}

static enum status p256_verify(const struct public_key *key, struct slice message,
                               const uint8_t signature[static SIGNATURE_LEN])
{
    struct digest hash = crypto_sha256(message);
    EC_KEY *ec = p256_public(key);
    ECDSA_SIG *sig = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(signature, 32, NULL);
    BIGNUM *s = BN_bin2bn(signature + 32, 32, NULL);
    enum status st = ST_DENIED;

    if (sig && r && s && ECDSA_SIG_set0(sig, r, s))
        r = s = NULL; /* sig owns them now */
    else
        st = ST_NO_MEMORY;
    if (st == ST_DENIED)
        st = ec && ECDSA_do_verify(hash.bytes, sizeof hash.bytes, sig, ec) == 1
                 ? ST_OK
                 : p256_why(ST_DENIED);
    BN_free(r);
    BN_free(s);
    ECDSA_SIG_free(sig);
    EC_KEY_free(ec);
    return st;
}

static enum status p256_check(const struct public_key *key)
{
    EC_KEY *ec = p256_public(key);

    EC_KEY_free(ec);
    return ec ? ST_OK : p256_why(ST_INVALID);
}

static enum status ed25519_restore(struct private_key *out)
{
    uint8_t full[64]; /* seed ‖ public key, as BoringSSL keeps it */

    ED25519_keypair_from_seed(out->public.x, full, out->d);
    memset(out->public.y, 0, sizeof out->public.y);
    secret_wipe(full, sizeof full);
    return ST_OK;
}

static enum status ed25519_generate(struct private_key *out)
{
    crypto_random(out->d, sizeof out->d);
    return ed25519_restore(out);
}

static enum status ed25519_sign(const struct private_key *key, struct slice message,
                                uint8_t out[static SIGNATURE_LEN])
{
    uint8_t full[64], public[KEY_COORD_LEN];

    ED25519_keypair_from_seed(public, full, key->d);
    int good = ED25519_sign(out, message.data, message.len, full);
    secret_wipe(full, sizeof full);
    return good ? ST_OK : ST_NO_MEMORY;
}

static enum status ed25519_verify(const struct public_key *key, struct slice message,
                                  const uint8_t signature[static SIGNATURE_LEN])
{
    return ED25519_verify(message.data, message.len, signature, key->x) ? ST_OK : ST_DENIED;
}

/* Points of small order: under them one signature can hold for many messages. With their
 * non-canonical forms, as y-coordinates without the sign bit (little-endian). */
static const uint8_t small_order[][KEY_COORD_LEN] = {
    { 0x00 },
    { 0x01 },
    { 0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4,
      0x89, 0xf2, 0xef, 0x98, 0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6,
      0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05 },
    { 0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b,
      0x76, 0x0d, 0x10, 0x67, 0x0f, 0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39,
      0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a },
    { 0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
      0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
      0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f },
    { 0xed, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
      0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
      0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f },
    { 0xee, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
      0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
      0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f },
};

/* BoringSSL has no public test that the bytes decode to a point: where they do not, every
 * verification fails. */
static enum status ed25519_check(const struct public_key *key)
{
    uint8_t y[KEY_COORD_LEN];

    memcpy(y, key->x, sizeof y);
    y[31] &= 0x7f;
    for (size_t i = 0; i < sizeof small_order / sizeof small_order[0]; i++)
        if (memcmp(y, small_order[i], sizeof y) == 0)
            return ST_INVALID;
    return ST_OK;
}

struct key_ops {
    enum status (*generate)(struct private_key *out);
    enum status (*restore)(struct private_key *out); /* the public half from d */
    enum status (*check)(const struct public_key *key);
    enum status (*sign)(const struct private_key *key, struct slice message, uint8_t *out);
    enum status (*verify)(const struct public_key *key, struct slice message,
                          const uint8_t *signature);
};

static const struct key_ops key_types[] = {
    [KEY_P256] = { p256_generate, p256_restore, p256_check, p256_sign, p256_verify },
    [KEY_ED25519] = { ed25519_generate, ed25519_restore, ed25519_check, ed25519_sign,
                      ed25519_verify },
};

enum status crypto_key_generate(enum key_type type, struct private_key *out)
{
    out->public.type = type;
    return key_types[type].generate(out);
}

enum status crypto_key_from_private(enum key_type type, const uint8_t d[static KEY_COORD_LEN],
                                    struct private_key *out)
{
    out->public.type = type;
    memcpy(out->d, d, sizeof out->d);
    return key_types[type].restore(out);
}

enum status crypto_key_check(const struct public_key *key)
{
    return key_types[key->type].check(key);
}

enum status crypto_sign(const struct private_key *key, struct slice message,
                        uint8_t out[static SIGNATURE_LEN])
{
    return key_types[key->public.type].sign(key, message, out);
}

enum status crypto_verify(const struct public_key *key, struct slice message,
                          const uint8_t signature[static SIGNATURE_LEN])
{
    return key_types[key->type].verify(key, message, signature);
}
