/* http1: one strict incremental parser for HTTP/1.1 messages (RFC 9112), both
 * sides. No copies, no allocation, no sockets. What is ambiguous is refused:
 * a mediator that reads a message in another way than its neighbours is a hole. */
#pragma once
#include "bytes.h"

enum { HTTP1_HEADERS_MAX = 64 };

struct http1_limits {
    size_t head;    /* bytes of start line and headers, the empty line included */
    size_t body;    /* bytes of decoded body */
    size_t headers; /* at most HTTP1_HEADERS_MAX */
};
extern const struct http1_limits HTTP1_DEFAULT_LIMITS; /* 16 KiB, 64 KiB, 64 */

struct http1_header {
    struct slice name;
    struct slice value; /* without surrounding white space */
};

struct http1_head {
    bool response;
    unsigned minor_version; /* 0 or 1 */
    struct slice method;    /* request */
    struct slice path;      /* request: of the origin-form target, starts with '/' */
    struct slice query;     /* request: without '?', or empty */
    unsigned code;          /* response: 100 to 599 */
    size_t header_count;
    struct http1_header headers[HTTP1_HEADERS_MAX];
    bool keep_alive;      /* as version and Connection say (RFC 9112 §9.3) */
    bool expect_continue; /* request */
    bool chunked;
    bool has_length;
    bool until_close; /* response whose body the end of connection ends */
    uint64_t content_length;
};

/* A refusal, by the answer it deserves. */
enum http1_error {
    HTTP1_OK = 0,
    HTTP1_MALFORMED,       /* 400 */
    HTTP1_HEAD_TOO_LARGE,  /* 431 */
    HTTP1_BODY_TOO_LARGE,  /* 413 */
    HTTP1_URI_TOO_LONG,    /* 414 */
    HTTP1_EXPECTATION,     /* 417 */
    HTTP1_NOT_IMPLEMENTED, /* 501: another transfer coding */
    HTTP1_VERSION          /* 505 */
};
unsigned http1_error_code(enum http1_error e);

enum http1_progress { HTTP1_MORE, HTTP1_DONE, HTTP1_REFUSED };

/* Finds and reads a head at the start of `in`. HTTP1_MORE until the empty line
 * is there. With HTTP1_DONE, *consumed is its length and the slices of *out
 * borrow from `in`. `scanned` carries what has been searched already from call
 * to call (start with 0), so dripping bytes cost nothing. */
enum http1_progress http1_read_request(struct slice in, const struct http1_limits *limits,
                                       size_t *scanned, struct http1_head *out, size_t *consumed,
                                       enum http1_error *error);

/* The same for a response to `method`; 1xx heads are returned like others. */
enum http1_progress http1_read_response(struct slice in, const struct http1_limits *limits,
                                        struct slice method, size_t *scanned,
                                        struct http1_head *out, size_t *consumed,
                                        enum http1_error *error);

/* The body, in any number of pieces. Each call takes the `len` raw bytes at `data`
 * that have come since the last one, moves the bytes of the body among them to
 * the front of `data` and says how many they are (*decoded) and how many raw bytes
 * were taken (*used): what lies behind belongs to the next message. HTTP1_DONE
 * once the body is whole. Chunk extensions and trailers are checked and dropped. */
struct http1_body {
    uint8_t state;
    uint64_t left;  /* of the length or of the current chunk */
    uint64_t total; /* decoded so far */
    uint32_t line;  /* bytes of the current chunk line or trailer section */
    uint64_t limit;
};
void http1_body_begin(struct http1_body *b, const struct http1_head *head,
                      const struct http1_limits *limits);
enum http1_progress http1_body_read(struct http1_body *b, uint8_t *data, size_t len,
                                    size_t *decoded, size_t *used, enum http1_error *error);
/* At the end of the connection: true if that is where this body ends. */
bool http1_body_ends_at_close(const struct http1_body *b);

/* The one header of that name, empty if absent. */
struct slice http1_header_value(const struct http1_head *head, const char *name);
size_t http1_header_occurrences(const struct http1_head *head, const char *name);

/* Writing: the head of a request or response; the caller ends it with
 * http1_write_end. Values with CR, LF or NUL set w->full: they are never sent. */
void http1_write_request(struct writer *w, const char *method, struct slice target,
                         struct slice authority);
void http1_write_status(struct writer *w, unsigned code);
void http1_write_header(struct writer *w, struct slice name, struct slice value);
void http1_write_end(struct writer *w);
