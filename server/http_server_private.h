/* http_server_private: what the files of the HTTP server share. */
#pragma once
#include <event2/event.h>
#include <event2/event_struct.h>

#include "forwarded.h"
#include "http_server.h"

enum connection_state {
    CONN_PROXY,   /* reading a PROXY header */
    CONN_HEAD,    /* reading a head, or idle before one */
    CONN_BODY,    /* reading a body */
    CONN_WAITING, /* a handler has the request */
    CONN_WRITING, /* a reply is on its way out */
    CONN_LINGER,  /* answered and shut: what still comes is dropped (RFC 9112 §9.6) */
    CONN_CLOSED
};

/* While draining, how long a new connection may take to send its first request. */
enum { FIRST_REQUEST_MS = 500 };

/* Small while idle: buffers are there only while something is in them. */
struct connection {
    struct http_server *server;
    struct connection *next, **link; /* of the server's list */
    struct event read_event, write_event;
    int fd;
    uint8_t state;
    uint8_t proxy;   /* enum proxy_mode */
    bool anonymous;  /* the proxy's own: it speaks for nobody else */
    bool processing; /* inside connection_process: replies return to it */
    bool read_paused;
    bool eof;
    bool close_after;  /* this reply is the last */
    bool linger_after; /* ... and more may be under way to us */
    uint32_t requests;
    uint64_t deadline_ms; /* 0: none */

    uint8_t *in;
    size_t in_len, in_cap;
    size_t scanned;  /* of a head that is not whole yet */
    size_t head_len; /* of the current request */
    size_t body_len; /* decoded; lies behind the head */
    struct http1_body body;

    struct connection *next_answer,
        **answer_link;            /* of those whose answer waits; NULL: none does */
    size_t answer_at, answer_len; /* in the outbox */
    uint8_t *out;                 /* what of a reply the peer has not taken yet */
    size_t out_len, out_sent;

    struct http_exchange *exchange;
    struct peer peer;
};

/* What handlers allocate lies side by side in chunks, of which a few are kept for the next ones. */
struct arena_chunk {
    struct arena_chunk *next;
    size_t used, cap;
    _Alignas(max_align_t) uint8_t bytes[];
};
enum { ARENA_CHUNK_LEN = 24 * 1024, SPARE_CHUNKS_MAX = 64, SPARE_BUFFERS_MAX = 64 };

enum { REQUEST_ID_LEN = 16, IDS_DRAWN = 64 };

struct http_exchange {
    struct connection *connection;
    struct http_exchange *next_spare;
    struct http1_head head;
    uintptr_t read_at; /* where `in` was when the head was read */
    char id[REQUEST_ID_LEN + 1];
    char peer[PEER_TEXT_MAX];
    bool replied;
    size_t route;      /* as the observer is told */
    uint64_t began_us; /* 0: not dispatched */
    struct arena_chunk *arena;
    void (*on_end)(void *arg);
    void *on_end_arg;
};

struct listener {
    struct listener *next;
    struct http_server *server;
    struct event *event;
    int fd;
    enum proxy_mode proxy;
};

/* Answers, one behind the other. */
struct outbox {
    uint8_t *data;
    size_t len, cap;
};

struct http_server {
    struct event_base *base;
    const struct http_route *routes;
    size_t route_count;
    void *app;
    struct http_server_limits limits;
    struct log *log;
    struct trusted_proxies *proxies;
    const struct http_observer *observer;
    void *observer_arg;

    struct listener *listeners;
    struct connection *connections;
    size_t connection_count;
    bool accept_paused;    /* out of descriptors: tried again at the next tick */
    uint64_t pause_log_ms; /* not before is that logged again */
    struct event *tick;
    uint64_t proxy_log_ms;   /* not before is another refused header logged */
    uint64_t proxy_unlogged; /* meanwhile */
    struct http_exchange *spare_exchanges;
    uint8_t ids[IDS_DRAWN][REQUEST_ID_LEN / 2]; /* of requests to come: random */
    size_t ids_left;
    struct arena_chunk *spare_chunks;
    size_t spare_chunk_count;
    uint8_t *spare_buffers[SPARE_BUFFERS_MAX]; /* of connections, as long as they are at first */
    size_t spare_buffer_count;

    /* Answers wait until the loop has run what was ready. */
    struct event *answers_event;
    struct connection *answers;
    struct outbox filling, sending;

    int64_t date_at;
    char date[32];

    bool draining;
    void (*drained)(void *arg);
    void *drained_arg;
};

/* --- http_connection.c --- */
void connection_accept(struct http_server *s, int fd, const struct peer *peer,
                       enum proxy_mode proxy);
/* Whose word counts about others on this connection. */
const struct trusted_proxies *connection_proxies(const struct connection *c);
/* Reads on with what is in the buffer: the next request, or the next piece. */
void connection_process(struct connection *c);
/* The answer is on its way: nothing is read until it has been taken. */
void connection_answered(struct connection *c);
/* Sends `data`; what the peer does not take at once is kept. */
void connection_send(struct connection *c, struct slice data);
void connection_close(struct connection *c);
/* Past its deadline. */
void connection_expire(struct connection *c);
uint64_t connection_now(void);

/* --- http_outbox.c: the log's lines of one pass of the loop are written at once, and before the
 * answers that they are about leave --- */
enum status outbox_init(struct http_server *s);
void outbox_clear(struct http_server *s);
/* Room for an answer; NULL without memory. */
uint8_t *outbox_reserve(struct http_server *s, size_t size);
/* What was written there, len bytes, will be sent over the connection. */
void outbox_add(struct connection *c, size_t len);
/* The connection is gone. */
void outbox_drop(struct connection *c);
/* Sends everything that waits now. */
void outbox_send(struct http_server *s);

/* --- http_arena.c --- */
/* Everything that a handler has allocated. */
void arena_end(struct http_exchange *ex);
void arena_free_spares(struct http_server *s);

/* --- http_exchange.c --- */
/* A request whose head lies at the start of c->in; NULL without memory. */
struct http_exchange *exchange_new(struct connection *c);
void exchange_dispatch(struct http_exchange *ex);
/* Ends it: the handler's things are released. */
void exchange_end(struct http_exchange *ex);
/* Answers what is no request: code, JSON error, and the connection ends. */
void exchange_refuse_framing(struct connection *c, unsigned code);

/* --- http_server.c --- */
void server_connection_came(struct http_server *s);
void server_connection_gone(struct http_server *s);
void server_log_proxy(struct http_server *s, const struct peer *peer, const char *why);
