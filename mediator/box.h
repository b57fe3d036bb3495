/* box: bytes that mediators alone read, wherever they lie: grants that wait in the store, or cross
 * from one mediator to another. Sealed under the keyring that seals refresh tokens:
 *
 *   u8 length of kid ‖ kid ‖ salt 16 ‖ nonce 12 ‖ AES-256-GCM ciphertext and tag
 *
 * key = HMAC-SHA256(secret of that kid, label ‖ 0 ‖ purpose ‖ 0 ‖ context ‖ salt), so no key is
 * used twice; what stands before the ciphertext is authenticated with it. */
#pragma once
#include "crypto.h"
#include "keyring.h"

enum {
    BOX_SALT_LEN = 16,
    BOX_OVERHEAD = 1 + JWT_KID_MAX + BOX_SALT_LEN + AEAD_NONCE_LEN + AEAD_TAG_LEN
};

/* What it is and whom it is for: a box opens under the same purpose and context only. `purpose` is
 * a word; neither holds a NUL. */
struct box_scope {
    const char *purpose;
    struct slice context;
};

/* Appends at most plain.len + BOX_OVERHEAD bytes. ST_TOO_LARGE, ST_NO_MEMORY. */
enum status box_close(const struct keyring *k, const struct box_scope *scope, struct slice plain,
                      struct writer *w) MUST_USE;

/* *plain lies in room[sealed.len], which the caller wipes. ST_INVALID, ST_NOT_FOUND (its key is
 * gone), ST_DENIED, ST_NO_MEMORY. */
enum status box_open(const struct keyring *k, int64_t now, const struct box_scope *scope,
                     struct slice sealed, uint8_t *room, struct slice *plain) MUST_USE;
