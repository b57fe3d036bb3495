/* public_keys: the keys of somebody whose signatures are believed: a JWK Set in a file
 * (RFC 7517 §5), such as attestctl key public prints. */
#pragma once
#include "jwt_verify.h"

struct public_keys;

/* ST_DENIED if others may write the file or it belongs to neither us nor root; ST_NOT_FOUND,
 * ST_IO, ST_TOO_LARGE; ST_INVALID if it is no set, has no key for ES256 or EdDSA, or one that is
 * private, without `kid` or not whole. Keys of other sorts are passed over (RFC 7517 §5). `why` is
 * for people. */
enum status public_keys_read(const char *path, struct public_keys **out, char *why,
                             size_t why_cap) MUST_USE;
void public_keys_free(struct public_keys *k);

/* The key of that kid, until the time that its `exp` says; or NULL. */
const struct public_key *public_keys_find(const struct public_keys *k, struct slice kid,
                                          int64_t now);
