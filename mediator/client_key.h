/* client_key: the private key that a client's assertions are signed with (RFC 7523 §2.2,
 * private_key_jwt). A keyring folder holds private JWKs in the place of secrets; the current
 * one signs. */
#pragma once
#include "jwt_sign.h"
#include "keyring.h"

struct client_key;

/* ST_INVALID if the current file is no private JWK for ES256 or EdDSA; otherwise as keyring_read.
 * `why` is for people. */
enum status client_key_read(const char *folder, struct client_key **out, char *why,
                            size_t why_cap) MUST_USE;
void client_key_free(struct client_key *k);

/* The JWK's own `kid`, or else its file's name. */
const char *client_key_kid(const struct client_key *k);
enum jwt_alg client_key_alg(const struct client_key *k);
/* A jwt_signer_fn: arg is a struct client_key. */
enum status client_key_sign(void *arg, struct slice message,
                            uint8_t signature[static SIGNATURE_LEN]);

/* For mediatorctl. A new key's JWK, which the caller wipes; and the public JWK Set (RFC 7517 §5)
 * of a folder's keys, those that signed before included. ST_TOO_LARGE; ST_INVALID. */
enum status client_key_draw(enum key_type type, struct writer *w) MUST_USE;
enum { CLIENT_KEY_SET_MAX = 512 * KEYRING_MAX };
enum status client_key_publish(const struct keyring *k, struct writer *w) MUST_USE;
