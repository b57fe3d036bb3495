/* jwe_private: what jwe_encrypt.c and jwe_decrypt.c share. */
#pragma once
#include "jwe.h"

enum jwe_alg { JWE_ECDH_ES_A256KW, JWE_DIR, JWE_ALG_COUNT };
extern const char *const jwe_alg_names[JWE_ALG_COUNT];
#define JWE_ENC "A256GCM"

/* The key encryption key of an agreement (RFC 7518 §4.6.2 with SHA-256). ST_TOO_LARGE for apu or
 * apv past JWE_PARTY_MAX. */
enum status jwe_derive(const uint8_t shared[static DH_SHARED_LEN], struct slice apu,
                       struct slice apv, uint8_t kek[static AEAD_KEY_LEN]) MUST_USE;
