#include <string.h>

#include "http1.h"
#include "http1_text.h"

static const struct {
    unsigned code;
    const char *reason;
} reasons[] = {
    { 100, "Continue" },
    { 200, "OK" },
    { 201, "Created" },
    { 204, "No Content" },
    { 302, "Found" },
    { 303, "See Other" },
    { 304, "Not Modified" },
    { 400, "Bad Request" },
    { 401, "Unauthorized" },
    { 403, "Forbidden" },
    { 404, "Not Found" },
    { 405, "Method Not Allowed" },
    { 408, "Request Timeout" },
    { 413, "Content Too Large" },
    { 414, "URI Too Long" },
    { 415, "Unsupported Media Type" },
    { 417, "Expectation Failed" },
    { 429, "Too Many Requests" },
    { 431, "Request Header Fields Too Large" },
    { 500, "Internal Server Error" },
    { 501, "Not Implemented" },
    { 502, "Bad Gateway" },
    { 503, "Service Unavailable" },
    { 504, "Gateway Timeout" },
    { 505, "HTTP Version Not Supported" },
};

/* A reason phrase may be empty (RFC 9112 §4): a code that is not named has none. */
static const char *reason_of(unsigned code)
{
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++)
        if (reasons[i].code == code)
            return reasons[i].reason;
    return "";
}

static bool splits(struct slice s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (s.len - i >= EIGHT && http1_is_plain_run(s.data + i))
            i += EIGHT - 1;
        else if (s.data[i] == '\r' || s.data[i] == '\n' || s.data[i] == '\0')
            return true;
    }
    return false;
}

/* A space in the request line splits it as well as a CR does. */
static bool is_word(struct slice s)
{
    return s.len && !splits(s) && !memchr(s.data, ' ', s.len);
}

void http1_write_request(struct writer *w, const char *method, struct slice target,
                         struct slice authority)
{
    if (!is_word(slice_of(method)) || !is_word(target)) {
        w->full = true;
        return;
    }
    writer_text(w, method);
    writer_byte(w, ' ');
    writer_put(w, target);
    writer_text(w, " HTTP/1.1\r\n");
    http1_write_header(w, SLICE_LIT("Host"), authority);
}

void http1_write_status(struct writer *w, unsigned code)
{
    writer_text(w, "HTTP/1.1 ");
    writer_decimal(w, code);
    writer_byte(w, ' ');
    writer_text(w, reason_of(code));
    writer_text(w, "\r\n");
}

void http1_write_header(struct writer *w, struct slice name, struct slice value)
{
    if (splits(name) || splits(value)) {
        w->full = true;
        return;
    }
    writer_put(w, name);
    writer_text(w, ": ");
    writer_put(w, value);
    writer_text(w, "\r\n");
}

void http1_write_end(struct writer *w)
{
    writer_text(w, "\r\n");
}
