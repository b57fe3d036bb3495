/* seal: refresh tokens as they leave the mediator: encrypted, so that they are
 * worth something here only, and bound to the client, the authorization server
 * and the instance key that they were granted to.
 *
 *   "vs1." kid "." base64url(salt 16 ‖ nonce 12 ‖ AES-256-GCM ciphertext and tag)
 *
 * key = HMAC-SHA256(secret of that kid, label ‖ client ‖ issuer ‖ jkt ‖ salt), so
 * no key is used twice however many tokens a secret seals; what stands before the
 * ciphertext is authenticated with it. */
#pragma once
#include "crypto.h"
#include "keyring.h"

enum {
    SEAL_SALT_LEN = 16,
    SEAL_OVERHEAD = SEAL_SALT_LEN + AEAD_NONCE_LEN + AEAD_TAG_LEN,
    SEAL_HEAD_MAX = 4 + JWT_KID_MAX + 1 /* prefix, kid, dot */
};

/* Whom a token was granted to. */
struct seal_scope {
    struct slice client_id;
    struct slice issuer; /* of the authorization server that granted it */
    const struct digest *jkt;
};

/* Whether a text claims to be sealed, whoever made it. */
bool seal_claims(struct slice text);

/* Appends the sealed token: plain ASCII without quotes or backslashes. `room` is for
 * plain.len + SEAL_OVERHEAD bytes. ST_TOO_LARGE, ST_NO_MEMORY. */
enum status seal_close(const struct keyring *k, const struct seal_scope *scope, struct slice plain,
                       uint8_t *room, struct writer *w) MUST_USE;

/* *plain lies in `room`, which is for sealed.len bytes. ST_INVALID if it is malformed,
 * ST_NOT_FOUND if no secret of that kid opens any more, ST_DENIED if it was sealed for
 * somebody else, or altered; ST_NO_MEMORY. */
enum status seal_open(const struct keyring *k, int64_t now, const struct seal_scope *scope,
                      struct slice sealed, uint8_t *room, struct slice *plain) MUST_USE;
