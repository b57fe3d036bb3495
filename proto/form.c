#include "form.h"

#include "hex.h"
#include "url.h"
#include "utf8.h"

static enum status decode_byte(struct slice *raw, uint8_t *out)
{
    uint8_t c = raw->data[0];
    size_t used = 1;

    if (c == '%') {
        int high = raw->len < 3 ? -1 : hex_digit(raw->data[1]);
        int low = raw->len < 3 ? -1 : hex_digit(raw->data[2]);
        if (high < 0 || low < 0)
            return ST_INVALID;
        c = (uint8_t)(high << 4 | low);
        used = 3;
    } else if (c == '+') {
        c = ' ';
    } else if (c <= ' ' || c >= 0x7f) {
        return ST_INVALID; /* never sent as it is by a form encoder */
    }
    raw->data += used;
    raw->len -= used;
    *out = c;
    return ST_OK;
}

/* VSCHAR, space and beyond ASCII: no parameter of OAuth holds a control (RFC 6749 appendix A). */
static bool is_text(struct slice s, bool multiline)
{
    for (size_t i = 0; i < s.len; i++) {
        bool breaks = s.data[i] == '\t' || s.data[i] == '\n' || s.data[i] == '\r';
        if ((s.data[i] < ' ' && !(breaks && multiline)) || s.data[i] == 0x7f)
            return false;
    }
    return utf8_ok(s);
}

static enum status decode(struct slice raw, struct writer *scratch, bool multiline,
                          struct slice *out)
{
    size_t start = scratch->len;

    while (raw.len) {
        uint8_t *at = writer_reserve(scratch, 1);
        if (!at)
            return ST_TOO_LARGE;
        enum status st = decode_byte(&raw, at);
        if (st)
            return st;
    }
    *out = (struct slice){ scratch->data + start, scratch->len - start };
    return is_text(*out, multiline) ? ST_OK : ST_INVALID;
}

/* JSON, whose white space these are (RFC 9396 §2, OpenID Connect Core 1.0 §5.5). */
static bool holds_json(struct slice name)
{
    return slice_is(name, "authorization_details") || slice_is(name, "claims");
}

static enum status read_param(struct slice raw, struct writer *scratch, struct form_param *out)
{
    struct slice value = raw;
    struct slice name = slice_cut(&value, '=');

    if (!value.data)
        return ST_INVALID;
    out->raw = raw;
    enum status st = decode(name, scratch, false, &out->name);
    if (!st)
        st = decode(value, scratch, holds_json(out->name), &out->value);
    return !st && out->name.len == 0 ? ST_INVALID : st;
}

static bool may_repeat(struct slice name)
{
    return slice_is(name, "resource") || slice_is(name, "audience");
}

static bool occurs(const struct form *form, struct slice name)
{
    for (size_t i = 0; i < form->count; i++)
        if (slice_equal(form->params[i].name, name))
            return true;
    return false;
}

enum status form_parse(struct slice text, uint8_t *scratch, size_t cap, struct form *out)
{
    struct writer bytes = writer_over(scratch, cap);

    out->count = 0;
    if (text.len == 0)
        return ST_OK;
    while (text.data) {
        struct form_param param;
        if (out->count == FORM_PARAMS_MAX)
            return ST_TOO_LARGE;
        enum status st = read_param(slice_cut(&text, '&'), &bytes, &param);
        if (st)
            return st;
        if (!may_repeat(param.name) && occurs(out, param.name))
            return ST_INVALID;
        out->params[out->count++] = param;
    }
    return ST_OK;
}

const struct form_param *form_find(const struct form *form, const char *name)
{
    for (size_t i = 0; i < form->count; i++)
        if (slice_is(form->params[i].name, name))
            return &form->params[i];
    return NULL;
}

/* The same set as percent coding: a space as %20 reads alike for every decoder. */
void form_escape(struct writer *w, struct slice text)
{
    url_escape(w, text);
}

void form_append(struct writer *w, const char *name, struct slice value)
{
    if (w->len)
        writer_byte(w, '&');
    form_escape(w, slice_of(name));
    writer_byte(w, '=');
    form_escape(w, value);
}
