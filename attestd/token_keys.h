/* token_keys: attestd's own keys, which sign the tokens of apps whose judges refuse a MAC. One
 * keyring for each algorithm, beside the apps in the registry: .keys/ES256 and .keys/EdDSA. */
#pragma once
#include "signing_keys.h"

struct token_keys;

/* What is not there is no error: it holds no keys. Otherwise as signing_keys_read. */
enum status token_keys_read(const char *registry, struct token_keys **out, char *why,
                            size_t why_cap) MUST_USE;
/* The same, or `former` once more if nothing has changed since; NULL if there is none. */
enum status token_keys_renew(const char *registry, struct token_keys *former,
                             struct token_keys **out, char *why, size_t why_cap) MUST_USE;
void token_keys_free(struct token_keys *k); /* as often as it was read or renewed */

/* NULL if there are none: never any for HS256. */
struct signing_keys *token_keys_of(const struct token_keys *k, enum jwt_alg alg);

/* The JWK Set of all that verify at `now`: public halves only. */
enum { TOKEN_KEYS_JSON_MAX = 2 * SIGNING_KEYS_JSON_MAX + 16 };
void token_keys_write_set(const struct token_keys *k, int64_t now, struct writer *w);

/* For attestctl: makes a new key sign; the former one verifies until `verify_until`. Then writes
 * the set into .keys/public.json, for those who are told of keys by a file. */
enum status token_keys_rotate(const char *registry, enum key_type type, int64_t now,
                              int64_t verify_until, char kid[static KEYRING_KID_LEN + 1], char *why,
                              size_t why_cap) MUST_USE;
