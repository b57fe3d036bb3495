/* vouchsafe/client.h: lets an app prove to attestd what it is, and send that
 * proof with its OAuth requests, without holding a client secret.
 *
 * Two layers, each usable alone:
 *   vouchsafe_core_*    turns a challenge into an attestation; no I/O
 *   vouchsafe_client_*  the blocking client: keeps a fresh integrity token
 *
 * All texts are NUL-terminated. A struct handed in is copied. Functions of one
 * client may be called from any thread. */
#ifndef VOUCHSAFE_CLIENT_H
#define VOUCHSAFE_CLIENT_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define VOUCHSAFE_API      __attribute__((visibility("default")))
#define VOUCHSAFE_MUST_USE __attribute__((warn_unused_result))
#else
#define VOUCHSAFE_API
#define VOUCHSAFE_MUST_USE
#endif

enum vouchsafe_error {
    VOUCHSAFE_OK = 0,
    VOUCHSAFE_BAD_ARGUMENT, /* a configuration or argument that cannot work */
    VOUCHSAFE_NO_MEMORY,
    VOUCHSAFE_NO_BUILD_ID, /* the app was linked without one: -Wl,--build-id */
    VOUCHSAFE_KEY_STORE,   /* a key callback failed, or gave what is no key */
    VOUCHSAFE_UNREACHABLE, /* no connection, or TLS failed */
    VOUCHSAFE_TIMEOUT,
    VOUCHSAFE_BAD_ANSWER,  /* the server's answer is malformed or too large */
    VOUCHSAFE_REFUSED,     /* attestd does not vouch for this app (see error_id) */
    VOUCHSAFE_UNAVAILABLE, /* the server says: later */
    VOUCHSAFE_PROBE,       /* the challenge asks for what this app does not have */
    VOUCHSAFE_INTERNAL
};

/* A constant sentence in English. */
VOUCHSAFE_API const char *vouchsafe_error_text(enum vouchsafe_error error);

/* --- the instance key: one installation's own key pair --- */

enum vouchsafe_key_type { VOUCHSAFE_KEY_P256, VOUCHSAFE_KEY_ED25519 };

enum {
    VOUCHSAFE_KEY_LEN = 32, /* the P-256 scalar or Ed25519 seed */
    VOUCHSAFE_CHALLENGE_LEN = 32,
    VOUCHSAFE_CLIENT_ID_MAX = 128,
    VOUCHSAFE_TOKEN_MAX = 1024, /* integrity token, without NUL */
    VOUCHSAFE_POP_MAX = 1024,   /* proof of possession, without NUL */
    VOUCHSAFE_ERROR_ID_MAX = 32,
    VOUCHSAFE_MESSAGE_MAX = 8192 /* a message to attestd */
};

/* How the app keeps its key. load fills key and returns 1, returns 0 if there is
 * none yet, and -1 if the store failed. save keeps a new key and returns 0, or
 * -1. Without callbacks the key lives as long as the client. */
struct vouchsafe_key_store {
    int (*load)(void *arg, uint8_t key[VOUCHSAFE_KEY_LEN]);
    int (*save)(void *arg, const uint8_t key[VOUCHSAFE_KEY_LEN]);
    void *arg;
};

/* --- the core, without I/O --- */

struct vouchsafe_core;

/* Finds the app's build-id and loads or makes the instance key. */
VOUCHSAFE_API enum vouchsafe_error
vouchsafe_core_new(const char *client_id, enum vouchsafe_key_type key_type,
                   const struct vouchsafe_key_store *key_store,
                   struct vouchsafe_core **out) VOUCHSAFE_MUST_USE;
VOUCHSAFE_API void vouchsafe_core_free(struct vouchsafe_core *core);

/* The body of POST /v1/challenges. `previous` is the last integrity token, or
 * NULL. Writes at most cap bytes with NUL; BAD_ARGUMENT if they do not fit. */
VOUCHSAFE_API enum vouchsafe_error
vouchsafe_core_challenge_request(const struct vouchsafe_core *core, const char *previous, char *out,
                                 size_t cap) VOUCHSAFE_MUST_USE;

/* From the answer of /v1/challenges (201) the body of POST /v1/attestations:
 * reads the blocks that are asked from this process and from its files.
 * BAD_ANSWER for a malformed message, PROBE for one that cannot be answered. */
VOUCHSAFE_API enum vouchsafe_error vouchsafe_core_answer(const struct vouchsafe_core *core,
                                                         const char *challenge, size_t len,
                                                         char *out, size_t cap) VOUCHSAFE_MUST_USE;

/* From the answer of /v1/attestations (200) the integrity token and the seconds
 * that it will live. */
VOUCHSAFE_API enum vouchsafe_error vouchsafe_core_token(const char *answer, size_t len,
                                                        char token[VOUCHSAFE_TOKEN_MAX + 1],
                                                        int64_t *expires_in) VOUCHSAFE_MUST_USE;

/* What an integrity token says, unverified: only servers can tell whether it
 * holds. For display and support. */
struct vouchsafe_token_info {
    int64_t issued_at, expires_at; /* seconds since the epoch */
    double coverage;               /* 0 to 1 */
    int64_t streak;
};
VOUCHSAFE_API enum vouchsafe_error
vouchsafe_token_info(const char *token, struct vouchsafe_token_info *out) VOUCHSAFE_MUST_USE;

/* A proof that this instance sends a request to `audience` (the issuer URL of who
 * is asked): the value of OAuth-Client-Attestation-PoP, good once. `challenge`
 * is one that the server demanded, or NULL. `now` is in seconds since the epoch.
 * draft-ietf-oauth-attestation-based-client-auth-11 */
VOUCHSAFE_API enum vouchsafe_error
vouchsafe_core_pop(const struct vouchsafe_core *core, const char *audience, const char *challenge,
                   int64_t now, char pop[VOUCHSAFE_POP_MAX + 1]) VOUCHSAFE_MUST_USE;

/* --- the blocking client --- */

struct vouchsafe_config {
    const char *attestd_url; /* http:// or https://, required */
    const char *client_id;   /* required */
    enum vouchsafe_key_type key_type;
    struct vouchsafe_key_store key_store; /* all NULL: a key of this run */
    const char *ca_file;                  /* NULL: the system's bundle */
    /* SHA-256 of the SubjectPublicKeyInfo of a certificate in the chain; at least
     * one must be there when any is given (RFC 7469 §2.4). */
    const uint8_t (*pins)[32];
    size_t pin_count;
    int connect_timeout_ms; /* 0: 5000 */
    int total_timeout_ms;   /* for each request; 0: 15000 */
    int refresh_before_s;   /* a token is renewed so long before it expires; 0: 30 */
};

struct vouchsafe_client;
VOUCHSAFE_API enum vouchsafe_error
vouchsafe_client_new(const struct vouchsafe_config *config,
                     struct vouchsafe_client **out) VOUCHSAFE_MUST_USE;
VOUCHSAFE_API void vouchsafe_client_free(struct vouchsafe_client *client);

/* The integrity token: the one at hand while it is fresh, otherwise a new one.
 * One attestation at a time, however many threads ask. */
VOUCHSAFE_API enum vouchsafe_error
vouchsafe_client_token(struct vouchsafe_client *client,
                       char token[VOUCHSAFE_TOKEN_MAX + 1]) VOUCHSAFE_MUST_USE;

/* Attests anew, whatever is at hand. */
VOUCHSAFE_API enum vouchsafe_error
vouchsafe_client_attest(struct vouchsafe_client *client) VOUCHSAFE_MUST_USE;

struct vouchsafe_headers {
    char attestation[VOUCHSAFE_TOKEN_MAX + 1]; /* OAuth-Client-Attestation */
    char pop[VOUCHSAFE_POP_MAX + 1];           /* OAuth-Client-Attestation-PoP */
};

/* The values of the two headers for one request to `audience`. Make them anew
 * for each request: a proof is good once. `challenge` may be NULL. */
VOUCHSAFE_API enum vouchsafe_error
vouchsafe_client_headers(struct vouchsafe_client *client, const char *audience,
                         const char *challenge, struct vouchsafe_headers *out) VOUCHSAFE_MUST_USE;

struct vouchsafe_response {
    int code;   /* HTTP status */
    char *body; /* NUL-terminated; free with vouchsafe_response_clear */
    size_t len;
};
VOUCHSAFE_API void vouchsafe_response_clear(struct vouchsafe_response *response);

/* POSTs a form (application/x-www-form-urlencoded) to `url` with the two headers
 * for `audience`. Any HTTP status is VOUCHSAFE_OK. */
VOUCHSAFE_API enum vouchsafe_error
vouchsafe_client_post(struct vouchsafe_client *client, const char *url, const char *audience,
                      const char *form, struct vouchsafe_response *out) VOUCHSAFE_MUST_USE;

/* What attestd said with the last VOUCHSAFE_REFUSED or VOUCHSAFE_UNAVAILABLE of
 * this client: an OAuth error code, and the id that its operator can look up. */
struct vouchsafe_refusal {
    int code;
    char error[64];
    char error_id[VOUCHSAFE_ERROR_ID_MAX + 1];
};
VOUCHSAFE_API void vouchsafe_client_refusal(struct vouchsafe_client *client,
                                            struct vouchsafe_refusal *out);

/* Appends name=value, escaped, and an & before it if the text is not empty.
 * BAD_ARGUMENT if it does not fit. */
VOUCHSAFE_API enum vouchsafe_error vouchsafe_form_add(char *form, size_t cap, const char *name,
                                                      const char *value) VOUCHSAFE_MUST_USE;

/* A PKCE pair (RFC 7636): 43 characters each, with NUL. */
VOUCHSAFE_API void vouchsafe_pkce(char verifier[44], char challenge[44]);

#ifdef __cplusplus
}
#endif
#endif
