/* keyring: the client secrets of one app: the one that signs, and those that
 * still verify; or the mediator's own, which seal and open refresh tokens. A folder holds one file
 * a secret, named by its kid, and `keyring.conf`, a record, written whole and renamed into place:
 *   current = "kid"
 *   retired "kid" { verify_until = 1790000000 }   # seconds since the epoch */
#pragma once
#include "jwt_verify.h"
#include "secret.h"
#include "sources.h"

enum { KEYRING_MAX = 8 };

struct keyring;

/* ST_DENIED if group or others may read the folder's secrets; ST_NOT_FOUND,
 * ST_INVALID, ST_IO. `why` receives a text for people, naming the file. */
enum status keyring_read(const char *folder, struct keyring **out, char *why,
                         size_t why_cap) MUST_USE;
/* The same, and what it was read from. */
enum status keyring_read_noted(const char *folder, struct sources *sources, struct keyring **out,
                               char *why, size_t why_cap) MUST_USE;
void keyring_free(struct keyring *k);

const char *keyring_current_kid(const struct keyring *k);
struct slice keyring_current_secret(const struct keyring *k);

/* All of them, the current one first. */
size_t keyring_count(const struct keyring *k);
const char *keyring_kid_at(const struct keyring *k, size_t i);
struct slice keyring_secret_at(const struct keyring *k, size_t i);
/* Seconds since the epoch; INT64_MAX for the current one. */
int64_t keyring_verify_until_at(const struct keyring *k, size_t i);

/* The secret of that kid, if it is the current one or may still verify at `now`. */
bool keyring_find(const struct keyring *k, struct slice kid, int64_t now, struct slice *secret);

/* A jwt_key_fn: arg is a struct keyring_lookup. With a kid, the secret of that
 * kid only; without one, none: our tokens always have one. */
struct keyring_lookup {
    const struct keyring *keyring;
    int64_t now;
};
bool keyring_lookup_fn(void *arg, struct slice kid, const struct public_key *header_jwk, unsigned i,
                       struct jwt_key *out);

/* Used by attestctl and mediatorctl. Adds a secret under a fresh kid, makes it current, lets the
 * former one verify until `verify_until` and forgets those past `now`. `kid`
 * (with its NUL) receives the new one. Creates the folder if needed. */
enum { KEYRING_KID_LEN = 16 };
enum status keyring_rotate(const char *folder, struct slice secret, int64_t now,
                           int64_t verify_until, char kid[static KEYRING_KID_LEN + 1], char *why,
                           size_t why_cap) MUST_USE;

/* Removes what a rotation that was killed has left: unfinished files, and secrets under a kid of
 * ours that keyring.conf does not name. Best effort, as whoever rotates next does it too. */
void keyring_sweep(const char *folder);
