#include "json_tree.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "hex.h"
#include "json_check.h"

/* What cJSON takes of a number. */
enum { NUMBER_MAX = 63, EXACT_DIGITS = 15 };

struct reading {
    struct slice left;
    json_alloc_fn *alloc;
    void *arg;
};

/* Everything below walks text that json_check has passed, and relies on its grammar. */

static void skip(struct reading *r, size_t n)
{
    r->left.data += n;
    r->left.len -= n;
}

static uint8_t take(struct reading *r)
{
    uint8_t byte = r->left.data[0];

    skip(r, 1);
    return byte;
}

static void skip_space(struct reading *r)
{
    while (r->left.data[0] == ' ' || r->left.data[0] == '\t' || r->left.data[0] == '\n' ||
           r->left.data[0] == '\r')
        skip(r, 1);
}

/* --- strings --- */

static unsigned hex4(struct reading *r)
{
    unsigned value = 0;

    for (size_t i = 0; i < 4; i++)
        value = value << 4 | (unsigned)hex_digit(take(r));
    return value;
}

/* UTF-8 (RFC 3629 §3); returns how many bytes. */
static size_t write_code(unsigned code, uint8_t *out)
{
    static const uint8_t firsts[] = { 0, 0, 0xc0, 0xe0, 0xf0 };
    size_t len = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;

    for (size_t i = len - 1; i > 0; i--, code >>= 6)
        out[i] = (uint8_t)(0x80 | (code & 0x3f));
    out[0] = (uint8_t)(firsts[len] | code);
    return len;
}

/* After "\u": surrogates come in pairs (RFC 8259 §7). */
static size_t read_unicode(struct reading *r, uint8_t *out)
{
    unsigned code = hex4(r);

    if (code >= 0xd800 && code <= 0xdbff) {
        skip(r, 2);
        code = 0x10000 + ((code - 0xd800) << 10) + (hex4(r) - 0xdc00);
    }
    return write_code(code, out);
}

/* After the backslash. */
static size_t read_escape(struct reading *r, uint8_t *out)
{
    static const char names[] = "bfnrt", values[] = "\b\f\n\r\t";
    uint8_t c = take(r);

    if (c == 'u')
        return read_unicode(r, out);
    const char *name = strchr(names, c);
    *out = name ? (uint8_t)values[name - names] : c;
    return 1;
}

/* No escape is shorter than what it stands for. */
static void read_escaped(struct reading *r, uint8_t *out)
{
    uint8_t c;

    while ((c = take(r)) != '"') {
        if (c == '\\')
            out += read_escape(r, out);
        else
            *out++ = c;
    }
    *out = '\0';
}

/* Up to the quote that ends it, which is not among them. */
static size_t raw_len(struct slice s)
{
    size_t n = 0;

    for (;;) {
        const uint8_t *quote = memchr(s.data + n, '"', s.len - n);
        size_t end = (size_t)(quote - s.data);
        const uint8_t *escape = memchr(s.data + n, '\\', end - n);
        if (!escape)
            return end;
        n = (size_t)(escape - s.data) + 2;
    }
}

static char *read_string(struct reading *r)
{
    skip(r, 1);
    size_t len = raw_len(r->left);
    uint8_t *text = r->alloc(r->arg, len + 1);

    if (!text)
        return NULL;
    if (memchr(r->left.data, '\\', len + 1)) {
        read_escaped(r, text);
        return (char *)text;
    }
    memcpy(text, r->left.data, len);
    text[len] = '\0';
    skip(r, len + 1);
    return (char *)text;
}

/* --- other values --- */

static size_t number_len(struct slice s)
{
    size_t n = 0;

    while (n < s.len && s.data[n] && strchr("+-.0123456789eE", s.data[n]))
        n++;
    return n;
}

static enum status read_double(struct slice text, double *out)
{
    char copy[NUMBER_MAX + 1];
    uint64_t whole;

    if (text.len <= EXACT_DIGITS && slice_to_u64(text, UINT64_MAX, &whole) == ST_OK) {
        *out = (double)whole;
        return ST_OK;
    }
    if (slice_copy_text(text, copy, sizeof copy))
        return ST_INVALID;
    *out = strtod(copy, NULL);
    return ST_OK;
}

static enum status read_number(struct reading *r, cJSON *node)
{
    struct slice text = { r->left.data, number_len(r->left) };
    enum status st = read_double(text, &node->valuedouble);

    if (st)
        return st;
    node->type = cJSON_Number;
    node->valueint = node->valuedouble >= INT_MAX   ? INT_MAX
                     : node->valuedouble <= INT_MIN ? INT_MIN
                                                    : (int)node->valuedouble;
    skip(r, text.len);
    return ST_OK;
}

static enum status read_text(struct reading *r, cJSON *node)
{
    node->type = cJSON_String;
    node->valuestring = read_string(r);
    return node->valuestring ? ST_OK : ST_NO_MEMORY;
}

static enum status read_word(struct reading *r, cJSON *node)
{
    static const struct {
        const char *text;
        int type;
    } words[] = { { "true", cJSON_True }, { "false", cJSON_False }, { "null", cJSON_NULL } };
    size_t i = 0;

    while (words[i].text[0] != (char)r->left.data[0])
        i++;
    node->type = words[i].type;
    node->valueint = words[i].type == cJSON_True;
    skip(r, strlen(words[i].text));
    return ST_OK;
}

static enum status read_value(struct reading *r, cJSON *node);

static enum status read_name(struct reading *r, cJSON *node)
{
    node->string = read_string(r);
    if (!node->string)
        return ST_NO_MEMORY;
    skip_space(r);
    skip(r, 1); /* the colon */
    return ST_OK;
}

/* The first one's `prev` is the last, as in trees of cJSON's own. */
static void append(cJSON *parent, cJSON *node)
{
    cJSON *first = parent->child;

    if (!first) {
        parent->child = node;
        node->prev = node;
        return;
    }
    node->prev = first->prev;
    first->prev->next = node;
    first->prev = node;
}

static enum status read_element(struct reading *r, cJSON *parent)
{
    cJSON *node = r->alloc(r->arg, sizeof *node);
    enum status st = ST_OK;

    if (!node)
        return ST_NO_MEMORY;
    memset(node, 0, sizeof *node);
    skip_space(r);
    if (parent->type == cJSON_Object)
        st = read_name(r, node);
    if (!st)
        st = read_value(r, node);
    append(parent, node);
    skip_space(r);
    return st;
}

static enum status read_nested(struct reading *r, cJSON *node)
{
    enum status st = ST_OK;

    node->type = take(r) == '{' ? cJSON_Object : cJSON_Array;
    skip_space(r);
    if (r->left.data[0] == '}' || r->left.data[0] == ']') {
        skip(r, 1);
        return ST_OK;
    }
    do
        st = read_element(r, node);
    while (!st && take(r) == ',');
    return st;
}

/* Recursion is bounded: the text was checked for its depth. */
static enum status read_value(struct reading *r, cJSON *node)
{
    skip_space(r);
    switch (r->left.data[0]) {
    case '{':
    case '[':
        return read_nested(r, node);
    case '"':
        return read_text(r, node);
    case 't':
    case 'f':
    case 'n':
        return read_word(r, node);
    default:
        return read_number(r, node);
    }
}

enum status json_tree_read(struct slice text, const struct json_limits *limits,
                           json_alloc_fn *alloc, void *arg, cJSON **out)
{
    struct reading r = { text, alloc, arg };
    enum status st = json_check(text, limits);

    if (st)
        return st;
    cJSON *root = alloc(arg, sizeof *root);
    if (!root)
        return ST_NO_MEMORY;
    memset(root, 0, sizeof *root);
    st = read_value(&r, root);
    if (!st)
        st = json_check_tree(root);
    if (!st)
        *out = root;
    return st;
}

static void *take_of_token(void *arg, size_t size)
{
    struct json_token_tree *m = arg;
    const size_t align = _Alignof(max_align_t);
    size_t start = (m->used + align - 1) / align * align;

    if (size > sizeof m->bytes - start)
        return NULL;
    m->used = start + size;
    return m->bytes + start;
}

enum status json_tree_read_token(struct slice text, struct json_token_tree *memory, cJSON **out)
{
    memory->used = 0;
    return json_tree_read(text, &JSON_TOKEN_LIMITS, take_of_token, memory, out);
}
