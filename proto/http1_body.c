#include <string.h>

#include "hex.h"
#include "http1.h"
#include "http1_text.h"

enum { SIZE_DIGITS_MAX = 8, EXTENSION_MAX = 256, TRAILERS_MAX = 4096 };

enum state {
    BODY_LENGTH, /* `left` bytes to come */
    BODY_UNTIL_CLOSE,
    CHUNK_SIZE, /* 1*HEXDIG */
    EXTENSION_START,
    EXTENSION_NAME,
    EXTENSION_VALUE_START,
    EXTENSION_VALUE,
    EXTENSION_QUOTED,
    EXTENSION_ESCAPED,
    EXTENSION_QUOTED_END,
    CHUNK_SIZE_LF,
    CHUNK_DATA,
    CHUNK_DATA_CR,
    CHUNK_DATA_LF,
    TRAILER_START, /* at the start of a line */
    TRAILER_NAME,
    TRAILER_LINE,
    TRAILER_LF,
    LAST_LF,
    BODY_WHOLE
};

void http1_body_begin(struct http1_body *b, const struct http1_head *head,
                      const struct http1_limits *limits)
{
    *b = (struct http1_body){ .limit = limits->body };
    if (head->chunked)
        b->state = CHUNK_SIZE;
    else if (head->until_close)
        b->state = BODY_UNTIL_CLOSE;
    else if (head->content_length == 0)
        b->state = BODY_WHOLE;
    b->left = head->content_length;
}

bool http1_body_ends_at_close(const struct http1_body *b)
{
    return b->state == BODY_UNTIL_CLOSE || b->state == BODY_WHOLE;
}

/* chunk = chunk-size [ chunk-ext ] CRLF chunk-data CRLF (RFC 9112 §7.1) */
static enum http1_error on_size(struct http1_body *b, uint8_t c)
{
    int digit = hex_digit(c);

    if (digit >= 0) {
        if (b->line++ == SIZE_DIGITS_MAX)
            return HTTP1_MALFORMED;
        b->left = b->left << 4 | (unsigned)digit;
        return HTTP1_OK;
    }
    if (b->line == 0)
        return HTTP1_MALFORMED;
    if (b->left > b->limit - b->total)
        return HTTP1_BODY_TOO_LARGE;
    b->total += b->left;
    b->line = 0;
    if (c != '\r' && c != ';')
        return HTTP1_MALFORMED;
    b->state = c == '\r' ? CHUNK_SIZE_LF : EXTENSION_START;
    return HTTP1_OK;
}

static int after_extension(uint8_t c)
{
    return c == ';' ? EXTENSION_START : c == '\r' ? CHUNK_SIZE_LF : -1;
}

static int after_quoted(uint8_t c)
{
    if (http1_is_control(c))
        return -1;
    return c == '"' ? EXTENSION_QUOTED_END : c == '\\' ? EXTENSION_ESCAPED : EXTENSION_QUOTED;
}

/* chunk-ext = *( ";" chunk-ext-name [ "=" ( token / quoted-string ) ] ), RFC 9112 §7.1.1, without
 * its bad white space. Others may take a quote that is not closed to hide the end of the line. The
 * state behind c, or -1. */
static int next_in_extension(enum state state, uint8_t c)
{
    bool token = http1_is_token((struct slice){ &c, 1 });

    switch (state) {
    case EXTENSION_START:
        return token ? EXTENSION_NAME : -1;
    case EXTENSION_NAME:
        return token ? EXTENSION_NAME : c == '=' ? EXTENSION_VALUE_START : after_extension(c);
    case EXTENSION_VALUE_START:
        return token ? EXTENSION_VALUE : c == '"' ? EXTENSION_QUOTED : -1;
    case EXTENSION_VALUE:
        return token ? EXTENSION_VALUE : after_extension(c);
    case EXTENSION_QUOTED:
        return after_quoted(c);
    case EXTENSION_ESCAPED:
        return http1_is_control(c) ? -1 : EXTENSION_QUOTED;
    default:
        return after_extension(c);
    }
}

static enum http1_error on_extension(struct http1_body *b, uint8_t c)
{
    int next = next_in_extension((enum state)b->state, c);

    if (next < 0 || (next != CHUNK_SIZE_LF && b->line++ == EXTENSION_MAX))
        return HTTP1_MALFORMED;
    b->state = (uint8_t)next;
    return HTTP1_OK;
}

static enum http1_error expect(struct http1_body *b, uint8_t c, uint8_t wanted, enum state next)
{
    if (c != wanted)
        return HTTP1_MALFORMED;
    b->state = (uint8_t)next;
    return HTTP1_OK;
}

/* field-line CRLF, read for its form alone and dropped: what has no name and colon is no trailer
 * but perhaps somebody's next request. */
static enum http1_error on_trailer(struct http1_body *b, uint8_t c)
{
    bool in_name = b->state == TRAILER_START || b->state == TRAILER_NAME;

    if (c == '\r' && b->state != TRAILER_NAME) {
        b->state = b->state == TRAILER_START ? LAST_LF : TRAILER_LF;
        return HTTP1_OK;
    }
    if (http1_is_control(c) || b->line++ == TRAILERS_MAX)
        return HTTP1_MALFORMED;
    if (!in_name)
        return HTTP1_OK;
    if (c == ':' && b->state == TRAILER_NAME) {
        b->state = TRAILER_LINE;
        return HTTP1_OK;
    }
    b->state = TRAILER_NAME;
    return http1_is_token((struct slice){ &c, 1 }) ? HTTP1_OK : HTTP1_MALFORMED;
}

static enum http1_error on_size_end(struct http1_body *b, uint8_t c)
{
    b->line = 0;
    return expect(b, c, '\n', b->left ? CHUNK_DATA : TRAILER_START);
}

/* A byte that is not part of the body itself. */
static enum http1_error on_framing_byte(struct http1_body *b, uint8_t c)
{
    switch ((enum state)b->state) {
    case CHUNK_SIZE:
        return on_size(b, c);
    case EXTENSION_START:
    case EXTENSION_NAME:
    case EXTENSION_VALUE_START:
    case EXTENSION_VALUE:
    case EXTENSION_QUOTED:
    case EXTENSION_ESCAPED:
    case EXTENSION_QUOTED_END:
        return on_extension(b, c);
    case CHUNK_SIZE_LF:
        return on_size_end(b, c);
    case CHUNK_DATA_CR:
        return expect(b, c, '\r', CHUNK_DATA_LF);
    case CHUNK_DATA_LF:
        return expect(b, c, '\n', CHUNK_SIZE);
    case TRAILER_LF:
        return expect(b, c, '\n', TRAILER_START);
    case LAST_LF:
        return expect(b, c, '\n', BODY_WHOLE);
    default:
        return on_trailer(b, c);
    }
}

/* How many of the next n raw bytes are body bytes. */
static size_t data_run(const struct http1_body *b, size_t n)
{
    if (b->state == BODY_UNTIL_CLOSE)
        return n;
    if (b->state != BODY_LENGTH && b->state != CHUNK_DATA)
        return 0;
    return b->left < n ? (size_t)b->left : n;
}

static enum http1_error take_data(struct http1_body *b, size_t n)
{
    if (b->state == BODY_UNTIL_CLOSE) {
        if (n > b->limit - b->total)
            return HTTP1_BODY_TOO_LARGE;
        b->total += n;
        return HTTP1_OK;
    }
    b->left -= n;
    if (b->left == 0)
        b->state = b->state == BODY_LENGTH ? BODY_WHOLE : CHUNK_DATA_CR;
    return HTTP1_OK;
}

enum http1_progress http1_body_read(struct http1_body *b, uint8_t *data, size_t len,
                                    size_t *decoded, size_t *used, enum http1_error *error)
{
    *error = HTTP1_OK;
    *decoded = *used = 0;
    while (*used < len && b->state != BODY_WHOLE) {
        size_t n = data_run(b, len - *used);
        if (n) {
            if (*decoded != *used)
                memmove(data + *decoded, data + *used, n);
            *decoded += n;
            *used += n;
            *error = take_data(b, n);
        } else {
            *error = on_framing_byte(b, data[(*used)++]);
        }
        if (*error)
            return HTTP1_REFUSED;
    }
    return b->state == BODY_WHOLE ? HTTP1_DONE : HTTP1_MORE;
}
