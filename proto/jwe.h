/* jwe: compact JWE (RFC 7516) with content encryption A256GCM, and one of two algorithms that the
 * caller names and the token cannot choose: ECDH-ES+A256KW (RFC 7518 §4.6; on X25519 RFC 8037
 * §3.2) or dir. Allocates nothing but what P-256 does. */
#pragma once
#include "crypto_dh.h"

enum {
    JWE_PLAIN_MAX = 1024,
    JWE_MAX_LEN = 2560,   /* of the compact text */
    JWE_HEADER_MAX = 640, /* of the header's JSON */
    JWE_KID_MAX = 64,
    JWE_CTY_MAX = 64,
    JWE_PARTY_MAX = 64 /* apu and apv, decoded */
};

/* The header's members that are the caller's; empty ones are left out. */
struct jwe_header {
    struct slice kid;
    struct slice cty;
    struct slice apu; /* bytes, for ECDH-ES alone: who sends (RFC 7518 §4.6.1.2) */
    struct slice apv; /* bytes: who receives */
};

/* Appends the compact text. ST_TOO_LARGE past a limit or what w holds, ST_INVALID for a
 * recipient's key that is none; or what the random source returns. */
enum status jwe_encrypt_to(const struct dh_public *recipient, const struct jwe_header *header,
                           struct slice plain, random_fn *random, void *random_arg,
                           struct writer *w) MUST_USE;
enum status jwe_encrypt_dir(const uint8_t key[static AEAD_KEY_LEN], const struct jwe_header *header,
                            struct slice plain, random_fn *random, void *random_arg,
                            struct writer *w) MUST_USE;

/* *len bytes into out[cap]; cap must leave room for the tag: JWE_PLAIN_MAX + AEAD_TAG_LEN is
 * always enough. `cty` must be what `expected` says, or absent if that is empty; kid, apu and apv
 * too where expected has them, otherwise they may be anything. ST_TOO_LARGE; ST_INVALID (form,
 * header, unknown members, crit, a point off the curve); ST_UNSUPPORTED (alg, enc, zip, cty or
 * curve); ST_NOT_FOUND (another kid); ST_DENIED (not for this key, or changed). `out` is wiped
 * but after ST_OK. */
enum status jwe_decrypt_with(const struct dh_private *key, const struct jwe_header *expected,
                             struct slice token, uint8_t *out, size_t cap, size_t *len) MUST_USE;
enum status jwe_decrypt_dir(const uint8_t key[static AEAD_KEY_LEN],
                            const struct jwe_header *expected, struct slice token, uint8_t *out,
                            size_t cap, size_t *len) MUST_USE;

/* The token's kid, to find the key; "" if it has none. Nothing is verified. */
enum status jwe_peek_kid(struct slice token, char out[static JWE_KID_MAX + 1]) MUST_USE;
