/* forwarded: who a request comes from, as the socket says or as a trusted
 * reverse proxy does (Forwarded, RFC 7239; X-Forwarded-For). */
#pragma once
#include <sys/socket.h>

#include "http1.h"

enum { PEER_TEXT_MAX = 48 };

/* A peer of a socket: an address, or "unix". IPv4 is kept as ::ffff:a.b.c.d. */
struct peer {
    bool local; /* a Unix socket */
    uint8_t address[16];
};
struct peer peer_of(const struct sockaddr *address, socklen_t len);
void peer_text(const struct peer *peer, char out[static PEER_TEXT_MAX]);

struct trusted_proxies;
/* CIDR texts such as "10.0.0.0/8" or "::1", and "unix". ST_INVALID. */
enum status trusted_proxies_new(const char *const *texts, size_t count,
                                struct trusted_proxies **out) MUST_USE;
bool trusted_proxies_have(const struct trusted_proxies *t, const struct peer *peer);
void trusted_proxies_free(struct trusted_proxies *t);

/* The right-most address that is not itself trusted, if the peer is trusted and
 * says one; the peer otherwise. */
void forwarded_client(const struct trusted_proxies *trusted, const struct peer *peer,
                      const struct http1_head *head, char out[static PEER_TEXT_MAX]);
