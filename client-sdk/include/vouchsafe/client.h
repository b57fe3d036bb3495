/* vouchsafe/client.h: lets an app prove to attestd what it is, and send that
 * proof with its OAuth requests, without holding a client secret.
 *
 * Two layers, each usable alone:
 *   vouchsafe_core_*    turns a challenge into an attestation; no I/O
 *   vouchsafe_client_*  the blocking client: keeps a fresh integrity token
 * A third, on an event loop of yours, is vouchsafe/client_event.h.
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
    VOUCHSAFE_UNAVAILABLE, /* later: the server says so, or failed a moment ago */
    VOUCHSAFE_PROBE,       /* the challenge asks for what this app does not have */
    VOUCHSAFE_CANCELLED,   /* the client was freed before the answer came */
    VOUCHSAFE_INTERNAL,
    /* vouchsafe/grant.h */
    VOUCHSAFE_NO_GRANT,   /* the token response has no grant on a device */
    VOUCHSAFE_NOT_DEVICE, /* the other end has not the key, or somebody is in between */
    VOUCHSAFE_ENDED       /* the conversation is over */
};

/* A constant sentence in English. */
VOUCHSAFE_API const char *vouchsafe_error_text(enum vouchsafe_error error);

/* --- the instance key: one installation's own key pair --- */

/* Ed25519 is what an app gets that says nothing: a proof of possession costs servers less than half
 * of what P-256 costs. P-256 is for hardware that knows nothing else, and for authorization servers
 * that judge proofs themselves and take ES256 alone. The type of a key is not stored with it: an
 * app keeps to the one that it began with. */
enum vouchsafe_key_type { VOUCHSAFE_KEY_ED25519, VOUCHSAFE_KEY_P256 };

enum {
    VOUCHSAFE_KEY_LEN = 32, /* the P-256 scalar or Ed25519 seed */
    VOUCHSAFE_SIGNATURE_LEN = 64,
    VOUCHSAFE_CHALLENGE_LEN = 32,
    VOUCHSAFE_PINS_MAX = 8, /* delivered at a time */
    VOUCHSAFE_CLIENT_ID_MAX = 128,
    VOUCHSAFE_TOKEN_MAX = 1024, /* integrity token, without NUL */
    VOUCHSAFE_POP_MAX = 1024,   /* proof of possession, without NUL */
    VOUCHSAFE_ERROR_ID_MAX = 32,
    VOUCHSAFE_MESSAGE_MAX = 49152 /* a message to attestd */
};

/* How the app keeps its key. load fills key and returns 1, returns 0 if there is
 * none yet, and -1 if the store failed. save keeps a new key and returns 0, or
 * -1. Without callbacks the key lives as long as the client.
 *
 * A key that never leaves its hardware has the other two callbacks in their
 * place. public_key gives the public half, big-endian: for P-256 the coordinates
 * x and y (RFC 7518 §6.2.1), for Ed25519 the key as x (RFC 8037 §2). sign signs
 * the message itself, not a hash of it: R and S of 32 bytes each for P-256 with
 * SHA-256 (RFC 7518 §3.4), or the Ed25519 signature. Both return 0, or a number
 * of their own, which struct vouchsafe_refusal hands on as key_error. sign may be
 * called from any thread that uses the client, from several at a time. */
struct vouchsafe_key_store {
    int (*load)(void *arg, uint8_t key[VOUCHSAFE_KEY_LEN]);
    int (*save)(void *arg, const uint8_t key[VOUCHSAFE_KEY_LEN]);
    void *arg;
    int (*public_key)(void *arg, uint8_t x[VOUCHSAFE_KEY_LEN], uint8_t y[VOUCHSAFE_KEY_LEN]);
    int (*sign)(void *arg, const uint8_t *message, size_t len,
                uint8_t signature[VOUCHSAFE_SIGNATURE_LEN]);
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
 * reads the blocks that are asked from this process and from its files, and says
 * what is mapped, where imports lead to, who traces and what was preloaded.
 * BAD_ANSWER for a malformed message, PROBE for one that cannot be answered. */
VOUCHSAFE_API enum vouchsafe_error vouchsafe_core_answer(const struct vouchsafe_core *core,
                                                         const char *challenge, size_t len,
                                                         char *out, size_t cap) VOUCHSAFE_MUST_USE;

/* From the answer of /v1/attestations (200) the integrity token and the seconds
 * that it will live. */
VOUCHSAFE_API enum vouchsafe_error vouchsafe_core_token(const char *answer, size_t len,
                                                        char token[VOUCHSAFE_TOKEN_MAX + 1],
                                                        int64_t *expires_in) VOUCHSAFE_MUST_USE;

/* What an attestation may be answered with: the integrity token, for the mediator; a client
 * assertion, by which the app itself authenticates at an authorization server that knows
 * client_secret_jwt (RFC 7523), where attestd lets it; or an EAT Attestation Result, for a relying
 * party without OAuth (draft-ietf-rats-ear-04). */
enum vouchsafe_format { VOUCHSAFE_INTEGRITY_TOKEN, VOUCHSAFE_CLIENT_ASSERTION, VOUCHSAFE_EAR };

/* As vouchsafe_core_answer, and names the format. `audience` is whom a client assertion is for,
 * exactly as its server wants it, and NULL for the others. */
VOUCHSAFE_API enum vouchsafe_error vouchsafe_core_answer_for(const struct vouchsafe_core *core,
                                                             const char *challenge, size_t len,
                                                             enum vouchsafe_format format,
                                                             const char *audience, char *out,
                                                             size_t cap) VOUCHSAFE_MUST_USE;

/* As vouchsafe_core_token, of any format; BAD_ANSWER if it is of another. */
VOUCHSAFE_API enum vouchsafe_error vouchsafe_core_result(const char *answer, size_t len,
                                                         enum vouchsafe_format format,
                                                         char token[VOUCHSAFE_TOKEN_MAX + 1],
                                                         int64_t *expires_in) VOUCHSAFE_MUST_USE;

/* From the same answer the keys that attestd says it may be known by from now on
 * (see struct vouchsafe_config): SHA-256 each; *count 0 if it says nothing. */
VOUCHSAFE_API enum vouchsafe_error vouchsafe_core_pins(const char *answer, size_t len,
                                                       uint8_t pins[VOUCHSAFE_PINS_MAX][32],
                                                       size_t *count) VOUCHSAFE_MUST_USE;

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

/* What the sign callback returned last; 0 if it succeeded, or there is none. */
VOUCHSAFE_API int vouchsafe_core_key_error(const struct vouchsafe_core *core);

/* --- the blocking client --- */

struct vouchsafe_config {
    const char *attestd_url; /* http:// or https://, required */
    const char *client_id;   /* required */
    enum vouchsafe_key_type key_type;
    struct vouchsafe_key_store key_store; /* all NULL: a key of this run */
    const char *ca_file;                  /* NULL: the system's bundle */
    /* SHA-256 of the SubjectPublicKeyInfo of a certificate in the verified chain of
     * every server, attestd or not; at least one must be there when any is given
     * (RFC 7469 §2.4). */
    const uint8_t (*pins)[32];
    size_t pin_count;
    /* attestd may deliver pins with a token, so that its keys can change while the
     * app stays as it is. They take the place of those delivered before, bind
     * attestd, and are good for any server. pins_changed is called when there are new
     * ones, for the app to keep and to hand back at its next start as delivered_pins
     * (at most VOUCHSAFE_PINS_MAX). Without it nothing that is delivered counts. A
     * delivery that the present connection to attestd would fail is ignored. It is
     * called from the thread that renews the token, and may not call this client. */
    const uint8_t (*delivered_pins)[32];
    size_t delivered_pin_count;
    void (*pins_changed)(void *pins_arg, const uint8_t (*pins)[32], size_t count);
    void *pins_arg;
    /* Limits; 0 stands for the default, less is BAD_ARGUMENT. */
    int connect_timeout_ms;  /* 5000; TLS is part of it */
    int total_timeout_ms;    /* 15000, for each request */
    int refresh_before_s;    /* 30: a token is renewed so long before it expires */
    int backoff_min_ms;      /* 500: after a failure up to that long nothing is sent; */
    int backoff_max_ms;      /* 60000: twice as long after each more, up to that */
    int retry_after_max_s;   /* 3600: a server's Retry-After counts up to that */
    size_t answer_max_bytes; /* 262144: of an answer's body, at most 64 MiB */
};

struct vouchsafe_client;
VOUCHSAFE_API enum vouchsafe_error
vouchsafe_client_new(const struct vouchsafe_config *config,
                     struct vouchsafe_client **out) VOUCHSAFE_MUST_USE;
/* No other call may be under way. */
VOUCHSAFE_API void vouchsafe_client_free(struct vouchsafe_client *client);

/* The integrity token: the one at hand while it is good, otherwise a new one.
 * There is one attestation at a time, however many threads ask. Shortly before the
 * token expires one caller renews it, while the others are given the old one.
 *
 * After a failure nothing is sent for a while: a random time that doubles with each
 * failure in a row, and what Retry-After says on top. Meanwhile calls return at
 * once, with the token if it has not expired, with UNAVAILABLE otherwise (REFUSED
 * after a refusal), and vouchsafe_client_refusal tells the seconds left. A token
 * serves off line until it expires. */
VOUCHSAFE_API enum vouchsafe_error
vouchsafe_client_token(struct vouchsafe_client *client,
                       char token[VOUCHSAFE_TOKEN_MAX + 1]) VOUCHSAFE_MUST_USE;

/* Attests anew, whatever is at hand; UNAVAILABLE at once in the time after a
 * failure that was no refusal. */
VOUCHSAFE_API enum vouchsafe_error
vouchsafe_client_attest(struct vouchsafe_client *client) VOUCHSAFE_MUST_USE;

/* A fresh client assertion for `audience`: the value of client_assertion, good once and for a
 * minute, beside client_assertion_type = VOUCHSAFE_CLIENT_ASSERTION_TYPE and the client_id. Each is
 * an attestation of its own, one at a time with all others, and held back after a failure as they
 * are. BAD_ARGUMENT also if attestd has not been told to vouch for this app there. */
#define VOUCHSAFE_CLIENT_ASSERTION_TYPE "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
VOUCHSAFE_API enum vouchsafe_error
vouchsafe_client_assertion(struct vouchsafe_client *client, const char *audience,
                           char assertion[VOUCHSAFE_TOKEN_MAX + 1]) VOUCHSAFE_MUST_USE;

/* A fresh EAT Attestation Result, likewise. */
VOUCHSAFE_API enum vouchsafe_error
vouchsafe_client_ear(struct vouchsafe_client *client,
                     char ear[VOUCHSAFE_TOKEN_MAX + 1]) VOUCHSAFE_MUST_USE;

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
    int code; /* HTTP status; 0: no answer came */
    char error[64];
    char error_id[VOUCHSAFE_ERROR_ID_MAX + 1];
    int64_t retry_after_s; /* nothing is sent before; 0: now */
    int key_error;         /* with VOUCHSAFE_KEY_STORE: what the sign callback returned */
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
