/* http_client_private: what the pool and its connections share. */
#pragma once
#include <event2/dns.h>
#include <event2/event_struct.h>

#include "http_client.h"

/* A call on its way. Owned by the queue, then by its connection. */
struct pending {
    struct pending *next;
    http_client_fn *done;
    void *arg;
    uint64_t deadline_ms;
    bool idempotent;
    bool retried;
    enum status outcome; /* of one that has failed and waits to be told */
    char method[16];
    size_t len;
    uint8_t request[]; /* head and body */
};

enum client_state {
    CLIENT_RESOLVING,
    CLIENT_CONNECTING,
    CLIENT_HANDSHAKE,
    CLIENT_IDLE,
    CLIENT_WRITING,
    CLIENT_READING
};

struct client_connection {
    struct http_client *client;
    struct client_connection *next, **link;
    struct client_connection *next_idle, **idle_link; /* NULL unless idle */
    struct pending *call;                             /* NULL while idle */
    uint8_t state;
    bool reused; /* has answered a call before */
    bool head_done;
    uint64_t deadline_ms;
    int fd;
    struct tls *tls;
    struct evdns_getaddrinfo_request *resolving;
    struct evutil_addrinfo *addresses, *address;
    struct event read_event, write_event;
    size_t sent; /* of the request */

    uint8_t *in;
    size_t in_len, in_cap, scanned, head_len, body_len;
    struct http1_head head;
    struct http1_body body;
};

struct http_client {
    struct event_base *base;
    struct evdns_base *dns;
    struct http_client_limits limits;
    struct tls_settings *tls; /* borrowed */
    struct log *log;
    char host[URL_HOST_MAX + 1];
    char authority[URL_HOST_MAX + 16];
    uint16_t port;
    struct client_connection *connections;
    size_t connection_count;
    struct client_connection *idle; /* last used first: what is not needed ends */
    size_t idle_count;
    struct pending *queue, **queue_end;
    size_t queue_len;
    struct pending *failed; /* told by the wake event */
    struct event *wake;
    struct event *tick;
};

/* --- http_client_connection.c --- */
/* Opens one for a call, which it owns from now on. */
enum status client_connection_open(struct http_client *client, struct pending *call);
/* Sends a call over an idle connection; false, and the call is still the caller's, if the
 * connection turned out to be dead before a byte was written. */
bool client_connection_use(struct client_connection *c, struct pending *call);
void client_connection_free(struct client_connection *c);
void client_connection_expire(struct client_connection *c);

/* --- http_client_io.c: bytes in and out, plain or TLS --- */
enum client_io { CLIENT_IO_SOME, CLIENT_IO_LATER, CLIENT_IO_END, CLIENT_IO_FAILED };
enum client_io client_read(struct client_connection *c, uint8_t *out, size_t cap, size_t *len);
/* With CLIENT_IO_LATER the write event has been added where it is needed. */
enum client_io client_write(struct client_connection *c, struct slice data, size_t *written);
enum client_io client_io_of_tls(struct client_connection *c, enum tls_wants wants);
void client_log_failure(const struct client_connection *c, const char *reason);

/* --- http_client.c --- */
uint64_t client_now(void);
/* Ends a call that got no response. */
void client_fail(struct http_client *client, struct pending *call, enum status st);
/* Puts a call that has not reached the peer back to the front of the queue. */
void client_requeue(struct http_client *client, struct pending *call);
/* Starts what can be started. */
void client_pump(struct http_client *client);
