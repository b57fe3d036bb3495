/* signing_keys: the private keys that one party signs JWTs with: a client's assertions
 * (RFC 7523 §2.2, private_key_jwt), or attestd's tokens. A keyring folder holds private JWKs in
 * the place of secrets: the current one signs, the others are published as long as they verify. */
#pragma once
#include "json.h"
#include "jwt_sign.h"
#include "keyring.h"

struct signing_keys;

/* ST_INVALID if a file is no private JWK for ES256 or EdDSA; otherwise as keyring_read.
 * `why` is for people. */
enum status signing_keys_read(const char *folder, struct signing_keys **out, char *why,
                              size_t why_cap) MUST_USE;
/* The same, and what they were read from. */
enum status signing_keys_read_noted(const char *folder, struct sources *sources,
                                    struct signing_keys **out, char *why, size_t why_cap) MUST_USE;
void signing_keys_free(struct signing_keys *k);

/* Of the current key: the JWK's own `kid`, or else its file's name. */
const char *signing_keys_kid(const struct signing_keys *k);
enum jwt_alg signing_keys_alg(const struct signing_keys *k);
/* A jwt_signer_fn: arg is a struct signing_keys. */
enum status signing_keys_sign(void *arg, struct slice message,
                              uint8_t signature[static SIGNATURE_LEN]);

/* The public half of the key of that kid, if it may still verify at `now`; or NULL. */
const struct public_key *signing_keys_find(const struct signing_keys *k, struct slice kid,
                                           int64_t now);

/* Writes into an array of JWKs (RFC 7517 §5) the public halves of those that verify at `now`, the
 * current one first. A former one says with `exp` until when. */
enum { SIGNING_KEYS_JSON_MAX = 512 * KEYRING_MAX };
void signing_keys_publish(const struct signing_keys *k, int64_t now, struct json_writer *j);

/* For tools. A new key's JWK, which the caller wipes. ST_TOO_LARGE. */
enum status signing_key_draw(enum key_type type, struct writer *w) MUST_USE;
/* ES256 or EdDSA; false for any other word. */
bool signing_key_type(const char *alg, enum key_type *out);
