#include "http1_text.h"

#include <string.h>

enum {
    TOKEN = 1,  /* tchar */
    HOST = 2,   /* unreserved and sub-delims: reg-name without percent */
    TARGET = 4, /* pchar without percent, and '/' */
    HEX = 8
};

/* Filled by ranges, once, at compile time: each character's classes. */
#define ALPHA_CLASS (TOKEN | HOST | TARGET)
#define HEX_CLASS   (TOKEN | HOST | TARGET | HEX)
static const uint8_t classes[256] = {
    ['0' ... '9'] = HEX_CLASS,
    ['A' ... 'F'] = HEX_CLASS,
    ['G' ... 'Z'] = ALPHA_CLASS,
    ['a' ... 'f'] = HEX_CLASS,
    ['g' ... 'z'] = ALPHA_CLASS,
    ['-'] = ALPHA_CLASS,
    ['.'] = ALPHA_CLASS,
    ['_'] = ALPHA_CLASS,
    ['~'] = ALPHA_CLASS,
    ['!'] = ALPHA_CLASS,
    ['$'] = ALPHA_CLASS,
    ['&'] = ALPHA_CLASS,
    ['\''] = ALPHA_CLASS,
    ['*'] = ALPHA_CLASS,
    ['+'] = ALPHA_CLASS,
    ['#'] = TOKEN,
    ['%'] = TOKEN,
    ['^'] = TOKEN,
    ['`'] = TOKEN,
    ['|'] = TOKEN,
    ['('] = HOST | TARGET,
    [')'] = HOST | TARGET,
    [','] = HOST | TARGET,
    [';'] = HOST | TARGET,
    ['='] = HOST | TARGET,
    [':'] = TARGET,
    ['@'] = TARGET,
    ['/'] = TARGET,
};

static bool is(uint8_t c, uint8_t class)
{
    return (classes[c] & class) != 0;
}

bool http1_is_token(struct slice s)
{
    for (size_t i = 0; i < s.len; i++)
        if (!is(s.data[i], TOKEN))
            return false;
    return s.len > 0;
}

/* Characters of `class`, of `more`, and %XX. */
static bool is_made_of(struct slice s, uint8_t class, const char *more)
{
    for (size_t i = 0; i < s.len; i++) {
        uint8_t c = s.data[i];
        if (is(c, class) || (c && strchr(more, c)))
            continue;
        if (c != '%' || s.len - i < 3 || !is(s.data[i + 1], HEX) || !is(s.data[i + 2], HEX))
            return false;
        i += 2;
    }
    return true;
}

bool http1_is_origin_form(struct slice path, struct slice query)
{
    return path.len && path.data[0] == '/' && is_made_of(path, TARGET, "") &&
           is_made_of(query, TARGET, "?");
}

static bool is_port(struct slice s)
{
    uint64_t port;

    return slice_to_u64(s, 65535, &port) == ST_OK;
}

/* "[" IPv6address "]": its characters; whether it names a host is for others to find out. */
static bool is_ip_literal(struct slice s)
{
    if (s.len < 2)
        return false;
    for (size_t i = 0; i < s.len; i++)
        if (!is(s.data[i], HEX) && s.data[i] != ':' && s.data[i] != '.')
            return false;
    return memchr(s.data, ':', s.len) != NULL;
}

bool http1_is_host(struct slice s)
{
    bool literal = s.len && s.data[0] == '[';
    struct slice rest = s;

    if (literal)
        rest = (struct slice){ s.data + 1, s.len - 1 };
    struct slice host = slice_cut(&rest, literal ? ']' : ':');
    if (literal) {
        if (!rest.data || !is_ip_literal(host))
            return false;
        if (rest.len == 0)
            return true;
        return rest.data[0] == ':' && is_port((struct slice){ rest.data + 1, rest.len - 1 });
    }
    if (host.len == 0 || !is_made_of(host, HOST, ""))
        return false;
    return !rest.data || is_port(rest);
}
