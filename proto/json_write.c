#include "json.h"

#include "base64url.h"
#include "eight.h"
#include "hex.h"
#include "utf8.h"

struct json_writer json_writer_over(struct writer *w)
{
    return (struct json_writer){ .out = w };
}

/* The short escapes of RFC 8259 §7; 0 where there is none. */
static char short_escape(uint8_t c)
{
    switch (c) {
    case '"':
    case '\\':
        return (char)c;
    case '\b':
        return 'b';
    case '\f':
        return 'f';
    case '\n':
        return 'n';
    case '\r':
        return 'r';
    case '\t':
        return 't';
    default:
        return 0;
    }
}

static void escaped(struct writer *w, uint8_t c)
{
    char word = short_escape(c);

    if (word) {
        writer_byte(w, '\\');
        writer_byte(w, (uint8_t)word);
        return;
    }
    writer_text(w, "\\u00");
    hex_write(w, (struct slice){ &c, 1 });
}

static bool is_plain(uint8_t c)
{
    return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

/* Length of the run at the start of s that is written as it is. */
static size_t plain_run(struct slice s)
{
    size_t n = 0;

    while (s.len - n >= EIGHT && eight_plain_in_json(s.data + n) &&
           !eight_are(eight_at(s.data + n), 0x7f))
        n += EIGHT;
    while (n < s.len && is_plain(s.data[n]))
        n++;
    return n;
}

static void quoted(struct writer *w, struct slice s)
{
    writer_byte(w, '"');
    while (s.len) {
        size_t n = plain_run(s);
        if (n == 0 && s.data[0] >= 0x80)
            n = utf8_sequence(s);
        if (n)
            writer_put(w, (struct slice){ s.data, n });
        else if (s.data[0] >= 0x80)
            writer_text(w, "\xef\xbf\xbd"); /* U+FFFD */
        else
            escaped(w, s.data[0]);
        n = n ? n : 1;
        s.data += n;
        s.len -= n;
    }
    writer_byte(w, '"');
}

/* The comma before a value, and its name. */
static void lead(struct json_writer *j, const char *name)
{
    if (j->comma)
        writer_byte(j->out, ',');
    j->comma = true;
    if (name) {
        quoted(j->out, slice_of(name));
        writer_byte(j->out, ':');
    }
}

static void open_with(struct json_writer *j, const char *name, uint8_t bracket)
{
    lead(j, name);
    writer_byte(j->out, bracket);
    j->comma = false;
}

static void close_with(struct json_writer *j, uint8_t bracket)
{
    writer_byte(j->out, bracket);
    j->comma = true;
}

void json_begin_object(struct json_writer *j, const char *name)
{
    open_with(j, name, '{');
}

void json_end_object(struct json_writer *j)
{
    close_with(j, '}');
}

void json_begin_array(struct json_writer *j, const char *name)
{
    open_with(j, name, '[');
}

void json_end_array(struct json_writer *j)
{
    close_with(j, ']');
}

void json_text(struct json_writer *j, const char *name, struct slice value)
{
    lead(j, name);
    quoted(j->out, value);
}

void json_int(struct json_writer *j, const char *name, int64_t value)
{
    lead(j, name);
    writer_decimal(j->out, value);
}

/* Fixed point, so that no locale and no exponent can come in. */
void json_number(struct json_writer *j, const char *name, double value, unsigned decimals)
{
    uint64_t scale = 1;

    for (unsigned i = 0; i < decimals; i++)
        scale *= 10;
    uint64_t scaled = (uint64_t)((value < 0 ? -value : value) * (double)scale + 0.5);
    lead(j, name);
    if (value < 0 && scaled)
        writer_byte(j->out, '-');
    writer_decimal(j->out, (int64_t)(scaled / scale));
    if (decimals)
        writer_byte(j->out, '.');
    for (scale /= 10; scale; scale /= 10)
        writer_byte(j->out, (uint8_t)('0' + scaled / scale % 10));
}

void json_bool(struct json_writer *j, const char *name, bool value)
{
    lead(j, name);
    writer_text(j->out, value ? "true" : "false");
}

void json_base64url(struct json_writer *j, const char *name, struct slice bytes)
{
    lead(j, name);
    writer_byte(j->out, '"');
    base64url_write(j->out, bytes);
    writer_byte(j->out, '"');
}

void json_hex(struct json_writer *j, const char *name, struct slice bytes)
{
    lead(j, name);
    writer_byte(j->out, '"');
    hex_write(j->out, bytes);
    writer_byte(j->out, '"');
}
