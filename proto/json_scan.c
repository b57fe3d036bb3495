#include "json_scan.h"

#include <string.h>

#include "json_check.h"

const struct json_limits JSON_SCAN_LIMITS = { 4 * 1024, 6, 128 };

/* Everything below walks text that json_check has passed, and relies on its grammar. */

static bool is_space(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static void skip(struct slice *left, size_t n)
{
    left->data += n;
    left->len -= n;
}

/* White space, and the commas and colons between values. */
static void skip_between(struct slice *left)
{
    while (left->len && (is_space(left->data[0]) || left->data[0] == ',' || left->data[0] == ':'))
        skip(left, 1);
}

/* Length of the string at the start, with its quotes. */
static size_t string_len(struct slice s)
{
    size_t n = 1;

    while (n < s.len && s.data[n] != '"')
        n += s.data[n] == '\\' ? 2 : 1;
    return n + 1;
}

/* Length of the object or array at the start, with its brackets. */
static size_t nested_len(struct slice s)
{
    unsigned depth = 0;
    size_t n = 0;

    while (n < s.len) {
        uint8_t c = s.data[n];
        n += c == '"' ? string_len((struct slice){ s.data + n, s.len - n }) : 1;
        if (c == '{' || c == '[')
            depth++;
        else if ((c == '}' || c == ']') && --depth == 0)
            break;
    }
    return n;
}

static size_t word_len(struct slice s)
{
    size_t n = 0;

    while (n < s.len && !is_space(s.data[n]) && !memchr(",]}", s.data[n], 3))
        n++;
    return n;
}

/* Takes the next value of an object's or array's inside; false at its end. */
static bool take(struct slice *left, struct slice *out)
{
    skip_between(left);
    if (left->len == 0)
        return false;
    uint8_t c = left->data[0];
    size_t n = c == '"'               ? string_len(*left)
               : c == '{' || c == '[' ? nested_len(*left)
                                      : word_len(*left);
    *out = (struct slice){ left->data, n };
    skip(left, n);
    return n != 0;
}

static struct slice inside(struct slice nested)
{
    return (struct slice){ nested.data + 1, nested.len - 2 };
}

static bool has_escape(struct slice s)
{
    return s.len && memchr(s.data, '\\', s.len);
}

/* An object of which no name comes twice; names with escapes would have several spellings. */
static enum status check_names(struct slice object)
{
    struct slice names[JSON_SCAN_MEMBERS_MAX];
    struct slice left = inside(object), value;
    size_t count = 0;

    while (count < JSON_SCAN_MEMBERS_MAX && take(&left, &names[count])) {
        if (has_escape(names[count]))
            return ST_INVALID;
        for (size_t i = 0; i < count; i++)
            if (slice_equal(names[i], names[count]))
                return ST_INVALID;
        count++;
        (void)take(&left, &value);
    }
    skip_between(&left);
    return left.len ? ST_TOO_LARGE : ST_OK;
}

/* The same for every object in `text`: each begins at a brace outside of strings. */
static enum status check_all_names(struct slice text)
{
    enum status st = ST_OK;

    while (!st && text.len) {
        if (text.data[0] == '{')
            st = check_names((struct slice){ text.data, nested_len(text) });
        skip(&text, text.data[0] == '"' ? string_len(text) : 1);
    }
    return st;
}

static enum status read_text(struct slice value, struct json_scan_field *field)
{
    if (value.data[0] != '"' || value.len == 2 || has_escape(value))
        return ST_INVALID;
    field->text = inside(value);
    return ST_OK;
}

static enum status read_int(struct slice value, struct json_scan_field *field)
{
    static const uint64_t max = 999999999999999;
    bool negative = value.data[0] == '-';
    uint64_t number;

    if (negative)
        skip(&value, 1);
    if (slice_to_u64(value, max, &number))
        return ST_INVALID;
    field->number = negative ? -(int64_t)number : (int64_t)number;
    return ST_OK;
}

static enum status read_bool(struct slice value, struct json_scan_field *field)
{
    field->number = slice_is(value, "true");
    return field->number || slice_is(value, "false") ? ST_OK : ST_INVALID;
}

static enum status read_object(struct slice value, struct json_scan_field *field)
{
    field->text = value;
    return value.data[0] == '{' ? ST_OK : ST_INVALID;
}

static enum status (*const readers[])(struct slice value, struct json_scan_field *field) = {
    [JSON_SCAN_TEXT] = read_text,
    [JSON_SCAN_INT] = read_int,
    [JSON_SCAN_BOOL] = read_bool,
    [JSON_SCAN_OBJECT] = read_object,
};

static struct json_scan_field *find(struct json_scan_field *fields, size_t count, struct slice name)
{
    for (size_t i = 0; i < count; i++)
        if (slice_is(name, fields[i].name))
            return &fields[i];
    return NULL;
}

static enum status read_members(struct slice object, enum json_scan_others others,
                                struct json_scan_field *fields, size_t count)
{
    struct slice left = inside(object), name, value;
    enum status st = ST_OK;

    while (!st && take(&left, &name) && take(&left, &value)) {
        struct json_scan_field *field = find(fields, count, inside(name));
        if (!field && others == JSON_SCAN_OTHERS_REFUSED)
            return ST_INVALID;
        if (!field)
            continue;
        field->present = true;
        st = readers[field->type](value, field);
    }
    return st;
}

static struct slice trim(struct slice s)
{
    while (s.len && is_space(s.data[0]))
        skip(&s, 1);
    while (s.len && is_space(s.data[s.len - 1]))
        s.len--;
    return s;
}

enum status json_scan(struct slice text, const struct json_limits *limits,
                      enum json_scan_others others, struct json_scan_field *fields, size_t count)
{
    enum status st = json_check(text, limits);
    struct slice object = trim(text);

    for (size_t i = 0; i < count; i++) {
        fields[i].present = false;
        fields[i].text = (struct slice){ 0 };
        fields[i].number = 0;
    }
    if (!st)
        st = check_all_names(object);
    if (!st)
        st = read_members(object, others, fields, count);
    for (size_t i = 0; !st && i < count; i++)
        if (fields[i].need == JSON_SCAN_REQUIRED && !fields[i].present)
            st = ST_INVALID;
    return st;
}
