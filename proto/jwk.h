/* jwk: public instance keys as JSON Web Keys (RFC 7517, 7518 §6.2, 8037 §2)
 * and their thumbprints (RFC 7638). */
#pragma once
#include "crypto.h"
#include "json.h"

/* Reads an EC P-256 or OKP Ed25519 public key. ST_INVALID for a missing or
 * malformed member, a point off the curve or a private member ("d");
 * ST_UNSUPPORTED for another kty or crv. Further members are ignored. */
enum status jwk_read(const cJSON *jwk, struct public_key *out) MUST_USE;

/* The same for a key that whoever signed it has checked: a point that is on no curve is found out
 * where it verifies something, and then denies. */
enum status jwk_read_vouched(const cJSON *jwk, struct public_key *out) MUST_USE;

/* Writes the required members in lexicographic order, so that its bytes are
 * also the thumbprint's input. `name` is NULL inside an array. */
void jwk_write(struct json_writer *j, const char *name, const struct public_key *key);

/* The same into an object that has been begun, for one with more members. */
void jwk_write_members(struct json_writer *j, const struct public_key *key);

/* SHA-256 thumbprint: the `jkt` of this key. */
struct digest jwk_thumbprint(const struct public_key *key);
