#include "bytes.h"

#include <string.h>

struct slice slice_of(const char *text)
{
    return (struct slice){ (const uint8_t *)text, text ? strlen(text) : 0 };
}

bool slice_equal(struct slice a, struct slice b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c + ('a' - 'A')) : c;
}

bool slice_equal_nocase(struct slice a, struct slice b)
{
    if (a.len != b.len)
        return false;
    for (size_t i = 0; i < a.len; i++)
        if (lower(a.data[i]) != lower(b.data[i]))
            return false;
    return true;
}

bool slice_is(struct slice s, const char *text)
{
    return slice_equal(s, slice_of(text));
}

bool slice_starts_with(struct slice s, const char *prefix)
{
    struct slice p = slice_of(prefix);
    return s.len >= p.len && slice_equal((struct slice){ s.data, p.len }, p);
}

struct slice slice_cut(struct slice *s, char at)
{
    const uint8_t *found = s->len ? memchr(s->data, at, s->len) : NULL;
    struct slice head = *s;

    if (!found) {
        *s = (struct slice){ NULL, 0 };
        return head;
    }
    head.len = (size_t)(found - s->data);
    *s = (struct slice){ found + 1, s->len - head.len - 1 };
    return head;
}

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t';
}

struct slice slice_trim(struct slice s)
{
    while (s.len && is_blank(s.data[0])) {
        s.data++;
        s.len--;
    }
    while (s.len && is_blank(s.data[s.len - 1]))
        s.len--;
    return s;
}

enum status slice_to_u64(struct slice s, uint64_t max, uint64_t *out)
{
    uint64_t value = 0;

    if (s.len == 0)
        return ST_INVALID;
    for (size_t i = 0; i < s.len; i++) {
        unsigned digit = (unsigned)s.data[i] - '0';
        if (digit > 9)
            return ST_INVALID;
        if (value > (UINT64_MAX - digit) / 10)
            return ST_TOO_LARGE;
        value = value * 10 + digit;
    }
    if (value > max)
        return ST_TOO_LARGE;
    *out = value;
    return ST_OK;
}

enum status slice_copy_text(struct slice s, char *out, size_t cap)
{
    if (s.len >= cap)
        return ST_TOO_LARGE;
    if (s.len && memchr(s.data, '\0', s.len))
        return ST_INVALID;
    if (s.len)
        memcpy(out, s.data, s.len);
    out[s.len] = '\0';
    return ST_OK;
}

struct writer writer_over(void *array, size_t cap)
{
    return (struct writer){ .data = array, .cap = cap };
}

uint8_t *writer_reserve(struct writer *w, size_t n)
{
    if (w->full || n > w->cap - w->len) {
        w->full = true;
        return NULL;
    }
    uint8_t *at = w->data + w->len;
    w->len += n;
    return at;
}

void writer_put(struct writer *w, struct slice s)
{
    if (s.len == 0)
        return;
    uint8_t *at = writer_reserve(w, s.len);
    if (at)
        memcpy(at, s.data, s.len);
}

void writer_text(struct writer *w, const char *text)
{
    writer_put(w, slice_of(text));
}

void writer_byte(struct writer *w, uint8_t byte)
{
    writer_put(w, (struct slice){ &byte, 1 });
}

void writer_u16be(struct writer *w, uint16_t value)
{
    writer_byte(w, (uint8_t)(value >> 8));
    writer_byte(w, (uint8_t)value);
}

void writer_u64be(struct writer *w, uint64_t value)
{
    writer_u32be(w, (uint32_t)(value >> 32));
    writer_u32be(w, (uint32_t)value);
}

void writer_u32be(struct writer *w, uint32_t value)
{
    uint8_t bytes[4] = { (uint8_t)(value >> 24), (uint8_t)(value >> 16), (uint8_t)(value >> 8),
                         (uint8_t)value };
    writer_put(w, (struct slice){ bytes, sizeof bytes });
}

void writer_decimal(struct writer *w, int64_t value)
{
    uint8_t digits[20];
    size_t at = sizeof digits;
    uint64_t left = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;

    do {
        digits[--at] = (uint8_t)('0' + left % 10);
        left /= 10;
    } while (left);
    if (value < 0)
        digits[--at] = '-';
    writer_put(w, (struct slice){ digits + at, sizeof digits - at });
}

struct slice writer_slice(const struct writer *w)
{
    return (struct slice){ w->data, w->len };
}
