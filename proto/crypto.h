/* crypto: the narrow adapter that everything above reaches cryptography
 * through, with crypto_dh.h for key agreement. BoringSSL behind it, in crypto*.c: who replaces
 * those files has ported Vouchsafe to another library. Nothing else includes <openssl/...> but what
 * speaks TLS: tls_trust, server/tls and the SDK's trust and channel. */
#pragma once
#include "bytes.h"

enum { SHA256_LEN = 32, SIGNATURE_LEN = 64, KEY_COORD_LEN = 32 };

struct digest {
    uint8_t bytes[SHA256_LEN];
};

/* Fills from the system's random source; cannot fail (BoringSSL aborts). */
void crypto_random(uint8_t *out, size_t len);

/* A random source that is handed in. Anything but ST_OK ends what asked for it. */
typedef enum status random_fn(void *arg, uint8_t *out, size_t len);
/* The system's, as a random_fn: always ST_OK. */
enum status crypto_system_random(void *arg, uint8_t *out, size_t len);

struct digest crypto_sha256(struct slice data);

/* The same over parts that are nowhere in one piece. */
struct crypto_hash {
    _Alignas(16) uint8_t opaque[128]; /* a SHA-256 context */
};
void crypto_hash_init(struct crypto_hash *h);
void crypto_hash_update(struct crypto_hash *h, struct slice data);
struct digest crypto_hash_final(struct crypto_hash *h);

/* HMAC-SHA256 (RFC 2104) over parts that are nowhere in one piece. The state
 * is plain memory, and crypto_hmac_final wipes it. */
struct crypto_hmac {
    _Alignas(16) uint8_t opaque[256]; /* two SHA-256 contexts */
};
void crypto_hmac_init(struct crypto_hmac *h, struct slice key);
void crypto_hmac_update(struct crypto_hmac *h, struct slice data);
struct digest crypto_hmac_final(struct crypto_hmac *h);
struct digest crypto_hmac_sha256(struct slice key, struct slice data);

/* AES-256-GCM (NIST SP 800-38D). A key must not see the same nonce twice. */
enum { AEAD_KEY_LEN = 32, AEAD_NONCE_LEN = 12, AEAD_TAG_LEN = 16 };

/* Writes the ciphertext and, behind it, the tag: plain.len + AEAD_TAG_LEN bytes. `out`
 * may be where `plain` lies. ST_NO_MEMORY, ST_TOO_LARGE (4 GiB and more). */
enum status crypto_seal(const uint8_t key[static AEAD_KEY_LEN],
                        const uint8_t nonce[static AEAD_NONCE_LEN], struct slice aad,
                        struct slice plain, uint8_t *out) MUST_USE;
/* Writes sealed.len - AEAD_TAG_LEN bytes. ST_DENIED unless key, nonce and aad are those
 * that it was sealed with and no bit has changed; then `out` holds nothing of it. */
enum status crypto_open(const uint8_t key[static AEAD_KEY_LEN],
                        const uint8_t nonce[static AEAD_NONCE_LEN], struct slice aad,
                        struct slice sealed, uint8_t *out) MUST_USE;
/* The same with ChaCha20-Poly1305 (RFC 8439). */
enum status crypto_chacha_seal(const uint8_t key[static AEAD_KEY_LEN],
                               const uint8_t nonce[static AEAD_NONCE_LEN], struct slice aad,
                               struct slice plain, uint8_t *out) MUST_USE;
enum status crypto_chacha_open(const uint8_t key[static AEAD_KEY_LEN],
                               const uint8_t nonce[static AEAD_NONCE_LEN], struct slice aad,
                               struct slice sealed, uint8_t *out) MUST_USE;

/* AES-256 key wrap (RFC 3394) of one key of AEAD_KEY_LEN bytes. ST_DENIED unless it was wrapped
 * under this key; then `out` holds nothing. */
enum { WRAPPED_KEY_LEN = AEAD_KEY_LEN + 8 };
enum status crypto_key_wrap(const uint8_t kek[static AEAD_KEY_LEN],
                            const uint8_t key[static AEAD_KEY_LEN],
                            uint8_t out[static WRAPPED_KEY_LEN]) MUST_USE;
enum status crypto_key_unwrap(const uint8_t kek[static AEAD_KEY_LEN],
                              const uint8_t wrapped[static WRAPPED_KEY_LEN],
                              uint8_t out[static AEAD_KEY_LEN]) MUST_USE;

enum key_type { KEY_P256, KEY_ED25519 };

/* A public key: both coordinates for P-256, x alone for Ed25519. Big-endian
 * as in RFC 7518 §6.2.1 and RFC 8037 §2. */
struct public_key {
    enum key_type type;
    uint8_t x[KEY_COORD_LEN];
    uint8_t y[KEY_COORD_LEN];
};

/* A private key: the P-256 scalar or the Ed25519 seed. Wipe it with
 * secret_wipe when done. */
struct private_key {
    struct public_key public;
    uint8_t d[KEY_COORD_LEN];
};

enum status crypto_key_generate(enum key_type type, struct private_key *out) MUST_USE;

/* Restores the public half from type and d. ST_INVALID if d is no key. */
enum status crypto_key_from_private(enum key_type type, const uint8_t d[static KEY_COORD_LEN],
                                    struct private_key *out) MUST_USE;

/* ST_INVALID if the point is not on the curve. */
enum status crypto_key_check(const struct public_key *key) MUST_USE;

/* ES256 (RFC 7518 §3.4: R ‖ S) or EdDSA (RFC 8037 §3.1). */
enum status crypto_sign(const struct private_key *key, struct slice message,
                        uint8_t out[static SIGNATURE_LEN]) MUST_USE;

/* ST_OK; or ST_DENIED, or ST_NO_MEMORY, which is no yes either. */
enum status crypto_verify(const struct public_key *key, struct slice message,
                          const uint8_t signature[static SIGNATURE_LEN]) MUST_USE;
