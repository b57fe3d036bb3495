/* tls: outgoing TLS (1.2 and 1.3) on BoringSSL over a non-blocking socket. */
#pragma once
#include "bytes.h"

struct tls_settings; /* a CA set and the rules; shared by connections */

/* ca_file NULL: the system's bundle. ST_IO, ST_INVALID if it holds none. */
enum status tls_settings_new(const char *ca_file, struct tls_settings **out) MUST_USE;
void tls_settings_free(struct tls_settings *t);

enum tls_wants { TLS_READY, TLS_WANTS_READ, TLS_WANTS_WRITE, TLS_CLOSED, TLS_FAILED };

struct tls;
/* Verifies that the certificate is for `host` (name or address). */
enum status tls_new(struct tls_settings *t, int fd, struct slice host, struct tls **out) MUST_USE;
void tls_free(struct tls *t);
enum tls_wants tls_handshake(struct tls *t);
enum tls_wants tls_read(struct tls *t, uint8_t *out, size_t cap, size_t *len);
enum tls_wants tls_write(struct tls *t, struct slice data, size_t *written);
/* Whether bytes that came already wait to be read: no event will tell of them. */
bool tls_has_pending(const struct tls *t);
/* Why the handshake failed, for the log. */
const char *tls_failure(const struct tls *t);
