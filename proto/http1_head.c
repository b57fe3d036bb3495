#include <string.h>

#include "http1.h"
#include "http1_text.h"

enum { TARGET_MAX = 8192 };

const struct http1_limits HTTP1_DEFAULT_LIMITS = { .head = 16 * 1024,
                                                   .body = 64 * 1024,
                                                   .headers = HTTP1_HEADERS_MAX };

unsigned http1_error_code(enum http1_error e)
{
    static const unsigned codes[] = {
        [HTTP1_OK] = 200,
        [HTTP1_MALFORMED] = 400,
        [HTTP1_HEAD_TOO_LARGE] = 431,
        [HTTP1_BODY_TOO_LARGE] = 413,
        [HTTP1_URI_TOO_LONG] = 414,
        [HTTP1_EXPECTATION] = 417,
        [HTTP1_NOT_IMPLEMENTED] = 501,
        [HTTP1_VERSION] = 505,
    };
    return codes[e];
}

/* A CR or LF without the other, or a control. */
static bool is_refused(const uint8_t *data, size_t i)
{
    bool after_cr = i > 0 && data[i - 1] == '\r';

    return after_cr ? data[i] != '\n' : data[i] != '\r' && http1_is_control(data[i]);
}

/* Past bytes that neither end a line nor are refused, as far as that is seen at once. */
static size_t skip_plain(const uint8_t *data, size_t i, size_t end)
{
    if (i > 0 && data[i - 1] == '\r')
        return i;
    while (end - i >= EIGHT && http1_is_plain_run(data + i))
        i += EIGHT;
    return i;
}

/* Looks for the empty line among the bytes that have not been looked at, refusing on the way what
 * no head may hold. */
static enum http1_progress find_end(struct slice in, size_t limit, size_t *scanned, size_t *end,
                                    enum http1_error *error)
{
    size_t most = in.len < limit ? in.len : limit, i = *scanned;

    while ((i = skip_plain(in.data, i, most)) < most) {
        if (is_refused(in.data, i)) {
            *error = HTTP1_MALFORMED;
            return HTTP1_REFUSED;
        }
        if (in.data[i] == '\n' && i >= 3 && in.data[i - 2] == '\n') {
            *end = i + 1;
            return HTTP1_DONE;
        }
        i++;
    }
    *scanned = i;
    if (i < limit)
        return HTTP1_MORE;
    *error = HTTP1_HEAD_TOO_LARGE;
    return HTTP1_REFUSED;
}

static struct slice next_line(struct slice *rest)
{
    struct slice line = slice_cut(rest, '\r');

    rest->data++; /* the LF: find_end saw it */
    rest->len--;
    return line;
}

static enum http1_error read_version(struct slice text, struct http1_head *out)
{
    if (text.len != 8 || !slice_starts_with(text, "HTTP/") || text.data[6] != '.')
        return HTTP1_MALFORMED;
    unsigned major = (unsigned)text.data[5] - '0';
    unsigned minor = (unsigned)text.data[7] - '0';
    if (major > 9 || minor > 9)
        return HTTP1_MALFORMED;
    if (major != 1 || minor > 1)
        return HTTP1_VERSION;
    out->minor_version = minor;
    return HTTP1_OK;
}

/* CONNECT has a target of another form (RFC 9112 §3.2.3), and whoever takes it for one reads no
 * more messages behind it. */
static enum http1_error read_request_line(struct slice line, struct http1_head *out)
{
    struct slice rest = line;

    out->method = slice_cut(&rest, ' ');
    struct slice target = slice_cut(&rest, ' ');
    if (!rest.data || !http1_is_token(out->method) || slice_is(out->method, "CONNECT"))
        return HTTP1_MALFORMED;
    if (target.len > TARGET_MAX)
        return HTTP1_URI_TOO_LONG;
    out->path = slice_cut(&target, '?');
    out->query = target;
    if (!http1_is_origin_form(out->path, out->query))
        return HTTP1_MALFORMED;
    return read_version(rest, out);
}

/* status-line = HTTP-version SP status-code SP [ reason-phrase ] (RFC 9112 §4) */
static enum http1_error read_status_line(struct slice line, struct http1_head *out)
{
    struct slice rest = line;
    struct slice version = slice_cut(&rest, ' ');
    struct slice code = slice_cut(&rest, ' ');
    uint64_t value;

    if (!rest.data || code.len != 3 || slice_to_u64(code, 599, &value) || value < 100)
        return HTTP1_MALFORMED;
    out->code = (unsigned)value;
    return read_version(version, out);
}

/* What a field of importance does to the reading of the message. */
struct reading {
    struct http1_head *head;
    uint64_t body_limit;
    unsigned seen; /* a bit for each row of `fields` */
    bool close;
    bool keep_alive;
};

static enum http1_error on_host(struct reading *r, struct slice value)
{
    (void)r;
    return http1_is_host(value) ? HTTP1_OK : HTTP1_MALFORMED;
}

static enum http1_error on_content_length(struct reading *r, struct slice value)
{
    if (slice_to_u64(value, UINT64_MAX, &r->head->content_length))
        return HTTP1_MALFORMED;
    r->head->has_length = true;
    return HTTP1_OK;
}

/* Exactly "chunked": a list of codings, even of one, reads differently elsewhere. */
static enum http1_error on_transfer_encoding(struct reading *r, struct slice value)
{
    if (r->head->minor_version == 0 || !http1_is_token(value))
        return HTTP1_MALFORMED;
    if (!slice_equal_nocase(value, SLICE_LIT("chunked")))
        return HTTP1_NOT_IMPLEMENTED;
    r->head->chunked = true;
    return HTTP1_OK;
}

static enum http1_error on_connection(struct reading *r, struct slice value)
{
    while (value.data) {
        struct slice option = slice_trim(slice_cut(&value, ','));
        if (option.len && !http1_is_token(option))
            return HTTP1_MALFORMED;
        if (slice_equal_nocase(option, SLICE_LIT("close")))
            r->close = true;
        if (slice_equal_nocase(option, SLICE_LIT("keep-alive")))
            r->keep_alive = true;
    }
    return HTTP1_OK;
}

static enum http1_error on_expect(struct reading *r, struct slice value)
{
    if (!slice_equal_nocase(value, SLICE_LIT("100-continue")))
        return HTTP1_EXPECTATION;
    r->head->expect_continue = r->head->minor_version == 1;
    return HTTP1_OK;
}

/* Fields that frame a message or that a decision rests on. All but Connection may come once. */
static const struct field {
    struct slice name;
    bool repeats;
    bool request_only;
    enum http1_error (*read)(struct reading *r, struct slice value);
} fields[] = {
    { .name = SLICE_LIT("host"), .request_only = true, .read = on_host },
    { .name = SLICE_LIT("content-length"), .read = on_content_length },
    { .name = SLICE_LIT("transfer-encoding"), .read = on_transfer_encoding },
    { .name = SLICE_LIT("connection"), .repeats = true, .read = on_connection },
    { .name = SLICE_LIT("expect"), .request_only = true, .read = on_expect },
    { .name = SLICE_LIT("content-type") },
    { .name = SLICE_LIT("authorization"), .request_only = true },
    { .name = SLICE_LIT("dpop"), .request_only = true },
    { .name = SLICE_LIT("oauth-client-attestation"), .request_only = true },
    { .name = SLICE_LIT("oauth-client-attestation-pop"), .request_only = true },
};
enum { FIELD_COUNT = sizeof fields / sizeof fields[0], HOST_BIT = 1u << 0 };

static enum http1_error read_field(struct reading *r, const struct http1_header *header)
{
    for (unsigned i = 0; i < FIELD_COUNT; i++) {
        const struct field *field = &fields[i];
        if (header->name.len != field->name.len || !slice_equal_nocase(header->name, field->name))
            continue;
        if (field->request_only && r->head->response)
            return HTTP1_OK;
        if (r->seen & 1u << i && !field->repeats)
            return HTTP1_MALFORMED;
        r->seen |= 1u << i;
        return field->read ? field->read(r, header->value) : HTTP1_OK;
    }
    return HTTP1_OK;
}

static enum http1_error read_header_line(struct slice line, struct http1_header *out)
{
    struct slice rest = line;

    out->name = slice_cut(&rest, ':');
    out->value = slice_trim(rest);
    return rest.data && http1_is_token(out->name) ? HTTP1_OK : HTTP1_MALFORMED;
}

static enum http1_error read_headers(struct slice rest, size_t limit, struct reading *r)
{
    struct http1_head *head = r->head;

    for (;;) {
        struct slice line = next_line(&rest);
        if (line.len == 0)
            return HTTP1_OK;
        if (head->header_count == limit || head->header_count == HTTP1_HEADERS_MAX)
            return HTTP1_HEAD_TOO_LARGE;
        struct http1_header *header = &head->headers[head->header_count++];
        enum http1_error e = read_header_line(line, header);
        if (!e)
            e = read_field(r, header);
        if (e)
            return e;
    }
}

/* RFC 9112 §6.1, §6.3: a message with both lengths is an attack or a mistake. */
static enum http1_error check_framing(struct reading *r)
{
    struct http1_head *head = r->head;

    head->keep_alive = !r->close && (head->minor_version == 1 || r->keep_alive);
    if (head->has_length && head->chunked)
        return HTTP1_MALFORMED;
    return head->has_length && head->content_length > r->body_limit ? HTTP1_BODY_TOO_LARGE
                                                                    : HTTP1_OK;
}

static enum http1_error read_message(struct slice text, const struct http1_limits *limits,
                                     struct reading *r)
{
    struct http1_head *head = r->head;
    struct slice line = next_line(&text);
    enum http1_error e =
        head->response ? read_status_line(line, head) : read_request_line(line, head);

    if (!e)
        e = read_headers(text, limits->headers, r);
    if (!e && !head->response && !(r->seen & HOST_BIT))
        e = HTTP1_MALFORMED;
    return e ? e : check_framing(r);
}

static enum http1_progress read_head(struct slice in, const struct http1_limits *limits,
                                     size_t *scanned, struct http1_head *out, size_t *consumed,
                                     enum http1_error *error)
{
    struct reading r = { .head = out, .body_limit = limits->body };
    enum http1_progress progress = find_end(in, limits->head, scanned, consumed, error);

    if (progress != HTTP1_DONE)
        return progress;
    *error = read_message((struct slice){ in.data, *consumed }, limits, &r);
    return *error ? HTTP1_REFUSED : HTTP1_DONE;
}

/* Everything but the array of headers, which header_count covers. */
static void clear(struct http1_head *out, bool response)
{
    memset(out, 0, offsetof(struct http1_head, headers));
    out->response = response;
    out->keep_alive = out->expect_continue = out->chunked = false;
    out->has_length = out->until_close = false;
    out->content_length = 0;
}

enum http1_progress http1_read_request(struct slice in, const struct http1_limits *limits,
                                       size_t *scanned, struct http1_head *out, size_t *consumed,
                                       enum http1_error *error)
{
    clear(out, false);
    return read_head(in, limits, scanned, out, consumed, error);
}

/* RFC 9112 §6.3: 1xx, 204, 304 and answers to HEAD end with their head. */
static bool has_no_body(const struct http1_head *head, struct slice method)
{
    return head->code < 200 || head->code == 204 || head->code == 304 || slice_is(method, "HEAD");
}

enum http1_progress http1_read_response(struct slice in, const struct http1_limits *limits,
                                        struct slice method, size_t *scanned,
                                        struct http1_head *out, size_t *consumed,
                                        enum http1_error *error)
{
    clear(out, true);
    enum http1_progress progress = read_head(in, limits, scanned, out, consumed, error);
    if (progress != HTTP1_DONE)
        return progress;
    if (has_no_body(out, method)) {
        out->chunked = false;
        out->has_length = true;
        out->content_length = 0;
    }
    out->until_close = !out->chunked && !out->has_length;
    if (out->until_close)
        out->keep_alive = false;
    return HTTP1_DONE;
}

struct slice http1_header_value(const struct http1_head *head, const char *name)
{
    struct slice wanted = slice_of(name);

    for (size_t i = 0; i < head->header_count; i++)
        if (slice_equal_nocase(head->headers[i].name, wanted))
            return head->headers[i].value;
    return (struct slice){ NULL, 0 };
}

size_t http1_header_occurrences(const struct http1_head *head, const char *name)
{
    struct slice wanted = slice_of(name);
    size_t n = 0;

    for (size_t i = 0; i < head->header_count; i++)
        n += slice_equal_nocase(head->headers[i].name, wanted);
    return n;
}
