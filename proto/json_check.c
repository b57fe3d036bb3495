#include "json_check.h"

#include <string.h>

#include "eight.h"
#include "utf8.h"

struct cursor {
    struct slice left;
    unsigned depth;
    unsigned max_depth;
    unsigned items;
};

static bool peek(const struct cursor *c, uint8_t byte)
{
    return c->left.len && c->left.data[0] == byte;
}

static void skip(struct cursor *c, size_t n)
{
    c->left.data += n;
    c->left.len -= n;
}

static bool take(struct cursor *c, uint8_t byte)
{
    if (!peek(c, byte))
        return false;
    skip(c, 1);
    return true;
}

static void skip_space(struct cursor *c)
{
    while (peek(c, ' ') || peek(c, '\t') || peek(c, '\n') || peek(c, '\r'))
        skip(c, 1);
}

static bool is_digit(const struct cursor *c)
{
    return c->left.len && c->left.data[0] >= '0' && c->left.data[0] <= '9';
}

static bool digits(struct cursor *c)
{
    if (!is_digit(c))
        return false;
    while (is_digit(c))
        skip(c, 1);
    return true;
}

/* number = [ "-" ] int [ frac ] [ exp ] (RFC 8259 §6) */
static bool number(struct cursor *c)
{
    (void)take(c, '-');
    if (!take(c, '0') && !digits(c))
        return false;
    if (take(c, '.') && !digits(c))
        return false;
    if (take(c, 'e') || take(c, 'E')) {
        if (!take(c, '+'))
            (void)take(c, '-');
        return digits(c);
    }
    return true;
}

/* Four hex digits as a value, or -1. */
static int hex4(struct cursor *c)
{
    int value = 0;

    if (c->left.len < 4)
        return -1;
    for (size_t i = 0; i < 4; i++) {
        const char *found = memchr("0123456789abcdefABCDEF", c->left.data[i], 22);
        if (!found)
            return -1;
        int digit = (int)(found - "0123456789abcdefABCDEF");
        value = value << 4 | (digit < 16 ? digit : digit - 6);
    }
    skip(c, 4);
    return value;
}

/* What follows \u: no NUL, and surrogates in pairs only (RFC 7493 §2.1). */
static bool unicode_escape(struct cursor *c)
{
    int first = hex4(c);

    if (first <= 0 || (first >= 0xdc00 && first <= 0xdfff))
        return false;
    if (first < 0xd800 || first > 0xdbff)
        return true;
    if (!take(c, '\\') || !take(c, 'u'))
        return false;
    int second = hex4(c);
    return second >= 0xdc00 && second <= 0xdfff;
}

static bool escape(struct cursor *c)
{
    if (take(c, 'u'))
        return unicode_escape(c);
    if (c->left.len == 0 || !memchr("\"\\/bfnrt", c->left.data[0], 8))
        return false;
    skip(c, 1);
    return true;
}

static bool is_plain(uint8_t c)
{
    return c >= ' ' && c < 0x80 && c != '"' && c != '\\';
}

static void skip_plain(struct cursor *c)
{
    const struct slice s = c->left;
    size_t n = 0;

    while (s.len - n >= EIGHT && eight_plain_in_json(s.data + n))
        n += EIGHT;
    while (n < s.len && is_plain(s.data[n]))
        n++;
    skip(c, n);
}

static bool string(struct cursor *c)
{
    if (!take(c, '"'))
        return false;
    for (skip_plain(c); !take(c, '"'); skip_plain(c)) {
        if (take(c, '\\')) {
            if (!escape(c))
                return false;
            continue;
        }
        bool control = c->left.len == 0 || c->left.data[0] < ' ';
        size_t n = control ? 0 : utf8_sequence(c->left);
        if (n == 0)
            return false;
        skip(c, n);
    }
    return true;
}

static bool word(struct cursor *c, const char *text)
{
    if (!slice_starts_with(c->left, text))
        return false;
    skip(c, strlen(text));
    return true;
}

static bool value(struct cursor *c);

static bool member(struct cursor *c)
{
    skip_space(c);
    if (!string(c))
        return false;
    skip_space(c);
    return take(c, ':') && value(c);
}

/* The inside of an object or array and its end, after the opening bracket. */
static bool sequence(struct cursor *c, bool (*element)(struct cursor *), uint8_t end)
{
    if (c->depth++ == c->max_depth)
        return false;
    skip_space(c);
    if (!take(c, end)) {
        do {
            if (!element(c))
                return false;
            skip_space(c);
        } while (take(c, ','));
        if (!take(c, end))
            return false;
    }
    c->depth--;
    return true;
}

/* Recursion is bounded by max_depth. */
static bool value(struct cursor *c)
{
    skip_space(c);
    if (c->items-- == 0 || c->left.len == 0)
        return false;
    switch (c->left.data[0]) {
    case '{':
        skip(c, 1);
        return sequence(c, member, '}');
    case '[':
        skip(c, 1);
        return sequence(c, value, ']');
    case '"':
        return string(c);
    case 't':
        return word(c, "true");
    case 'f':
        return word(c, "false");
    case 'n':
        return word(c, "null");
    default:
        return number(c);
    }
}

enum status json_check(struct slice text, const struct json_limits *limits)
{
    struct cursor c = { .left = text, .max_depth = limits->max_depth, .items = limits->max_items };

    if (text.len > limits->max_len)
        return ST_TOO_LARGE;
    skip_space(&c);
    if (!peek(&c, '{') || !value(&c))
        return ST_INVALID;
    skip_space(&c);
    return c.left.len == 0 ? ST_OK : ST_INVALID;
}
