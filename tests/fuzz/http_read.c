/* http-read: what our parser makes of streams of requests, for another parser to judge. Standard
 * input has streams, each behind its length in four bytes, big endian; for each there is a line:
 *   METHOD TARGET BODY METHOD TARGET BODY ... END
 * of the messages that are whole, with target and body in hexadecimal ("-" if empty), and END one
 * of all      every byte belongs to one of them more     the last one is not whole closed   nothing
 * more is read, as the last one says refused  what comes next is no request */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http1.h"

enum { STREAM_MAX = 1 << 16, STEP = 11 };

static const struct http1_limits limits = { .head = 8192, .body = 8192, .headers = 64 };

static void print_hex(struct slice s)
{
    if (s.len == 0)
        putchar('-');
    for (size_t i = 0; i < s.len; i++)
        printf("%02x", s.data[i]);
}

static void print_target(const struct http1_head *head)
{
    print_hex(head->path);
    if (head->query.data) {
        printf("3f");
        if (head->query.len)
            print_hex(head->query);
    }
}

/* In pieces, as it is read from a connection. The body's bytes go to the front of `body`. */
static enum http1_progress read_body(const struct http1_head *head, uint8_t *data, size_t len,
                                     uint8_t *body, size_t *body_len, size_t *used)
{
    struct http1_body state;
    enum http1_progress progress = HTTP1_MORE;
    enum http1_error error;

    http1_body_begin(&state, head, &limits);
    for (*used = *body_len = 0; progress == HTTP1_MORE;) {
        size_t n = len - *used < STEP ? len - *used : STEP, decoded, taken;
        memcpy(body + *body_len, data + *used, n);
        progress = http1_body_read(&state, body + *body_len, n, &decoded, &taken, &error);
        *body_len += decoded;
        *used += taken;
        if (n == 0)
            break;
    }
    return progress;
}

/* One request at the start of `data`, printed if it is whole. */
static enum http1_progress read_one(uint8_t *data, size_t len, size_t *used, bool *closes)
{
    static uint8_t body[STREAM_MAX + STEP];
    static struct http1_head head;
    size_t scanned = 0, head_len, body_len;
    enum http1_error error;
    enum http1_progress progress = http1_read_request((struct slice){ data, len }, &limits,
                                                      &scanned, &head, &head_len, &error);

    if (progress != HTTP1_DONE)
        return progress;
    progress = read_body(&head, data + head_len, len - head_len, body, &body_len, used);
    if (progress != HTTP1_DONE)
        return progress;
    printf(" %.*s ", (int)head.method.len, (const char *)head.method.data);
    print_target(&head);
    putchar(' ');
    print_hex((struct slice){ body, body_len });
    *used += head_len;
    *closes = !head.keep_alive;
    return HTTP1_DONE;
}

/* The end is known last, so the messages of a stream go before it. */
static const char *read_all(uint8_t *data, size_t len)
{
    bool closes = false;
    size_t used;

    while (len > 0 && !closes) {
        enum http1_progress progress = read_one(data, len, &used, &closes);
        if (progress != HTTP1_DONE)
            return progress == HTTP1_MORE ? "more" : "refused";
        data += used;
        len -= used;
    }
    return closes ? "closed" : "all";
}

static bool read_stream(uint8_t *data, size_t *len)
{
    uint8_t size[4];

    if (fread(size, 1, sizeof size, stdin) != sizeof size)
        return false;
    *len = (size_t)size[0] << 24 | (size_t)size[1] << 16 | (size_t)size[2] << 8 | size[3];
    return *len <= STREAM_MAX && fread(data, 1, *len, stdin) == *len;
}

int main(void)
{
    static uint8_t data[STREAM_MAX];
    size_t len;

    while (read_stream(data, &len))
        printf(" %s\n", read_all(data, len));
    return feof(stdin) && fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
