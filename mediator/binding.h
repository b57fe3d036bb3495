/* binding: ties both phases of a grant to one instance: of the authorization code grant
 * through PKCE, of the device grant through its device_code. The code_challenge of an attested /par
 * is remembered with the client and the instance key that pushed it; at /token the code_verifier
 * leads back to it (RFC 7636 §4.6), and only that instance gets on, once.
 *
 * That the code itself belongs to this challenge is checked by the server that
 * issued it: without PKCE there, an attested instance could still pair a stolen
 * code with a verifier of its own. */
#pragma once
#include "crypto.h"
#include "settings.h"
#include "store.h"

/* Caller-held, in place until the callback of the call under way. */
typedef void binding_fn(void *arg, enum status st);
struct binding {
    struct store_key key; /* the 32 bytes of the code_challenge, or a hash of the device_code */
    struct digest owner;  /* SHA-256 of client and jkt */
    struct store *store;
    binding_fn *done;
    void *arg;
};

/* From a well-formed code_challenge, or from a code_verifier. */
enum status binding_of_challenge(struct binding *b, struct slice code_challenge,
                                 const struct client *client, const struct digest *jkt) MUST_USE;
void binding_of_verifier(struct binding *b, struct slice code_verifier, const struct client *client,
                         const struct digest *jkt);

/* From what upstream handed out (RFC 8628 §3.2). */
void binding_of_device_code(struct binding *b, struct slice device_code,
                            const struct client *client, const struct digest *jkt);

/* Remembers it. ST_OK also if it was this instance's already; ST_DENIED if it
 * is another's: who has seen somebody's challenge cannot take it over. */
void binding_claim(struct binding *b, struct store *store, uint32_t ttl_ms, binding_fn *done,
                   void *arg);

/* Consumes it. ST_OK for its owner, once; ST_DENIED if it is another's, which
 * leaves it in place; ST_NOT_FOUND; otherwise as the store says, and then it may
 * be gone. */
void binding_take(struct binding *b, struct store *store, binding_fn *done, void *arg);

/* The same, but leaves it in place for its owner too: a device asks until it is answered. */
void binding_look(struct binding *b, struct store *store, binding_fn *done, void *arg);
