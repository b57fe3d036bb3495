#include "record.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "near_word.h"

enum { REASON_MAX = 384, WORD_MAX = 64 };

/* --- the file --- */

static enum status refused(enum status st, const char *path, const char *reason, char *why,
                           size_t why_cap)
{
    snprintf(why, why_cap, "%s: %s", path, reason);
    return st;
}

/* Until its size is there, its end or the room's. */
static enum status read_bytes(int fd, size_t size, struct record_text *out)
{
    ssize_t n = 1;

    out->len = 0;
    while (out->len < size && n) {
        n = read(fd, out->bytes + out->len, sizeof out->bytes - out->len);
        if (n < 0 && errno != EINTR)
            return ST_IO;
        if (n > 0)
            out->len += (size_t)n;
    }
    return out->len > RECORD_LEN_MAX ? ST_TOO_LARGE : ST_OK;
}

enum status record_load(int fd, size_t size, const char *path, struct record_text *out, char *why,
                        size_t why_cap)
{
    enum status st = size > RECORD_LEN_MAX ? ST_TOO_LARGE : read_bytes(fd, size, out);

    if (st)
        return refused(st, path, strerror(st == ST_IO ? errno : EFBIG), why, why_cap);
    if (memchr(out->bytes, '\0', out->len))
        return refused(ST_INVALID, path, "it holds a byte that is no text's", why, why_cap);
    out->bytes[out->len] = '\0';
    return ST_OK;
}

/* --- its parts --- */

struct reading {
    char *at; /* a NUL ends it all */
    unsigned line;
    const char *path;
    char *why;
    size_t why_cap;
};

__attribute__((format(printf, 2, 3))) static enum status wrong(const struct reading *r,
                                                               const char *format, ...)
{
    char reason[REASON_MAX];
    va_list args;

    va_start(args, format);
    vsnprintf(reason, sizeof reason, format, args);
    va_end(args);
    snprintf(r->why, r->why_cap, "%s:%u: %s", r->path, r->line, reason);
    return ST_INVALID;
}

static void skip_blank(struct reading *r)
{
    for (;; r->at++) {
        if (*r->at == '#')
            r->at += strcspn(r->at, "\n");
        if (*r->at == '\n')
            r->line++;
        else if (*r->at != ' ' && *r->at != '\t' && *r->at != '\r')
            return;
    }
}

static bool take(struct reading *r, char sign)
{
    skip_blank(r);
    if (*r->at != sign)
        return false;
    r->at++;
    return true;
}

static bool is_of_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '.' || c == ':';
}

/* Empty if none begins here. */
static struct slice read_word(struct reading *r)
{
    char *start = r->at;

    while (is_of_word(*r->at))
        r->at++;
    return (struct slice){ (const uint8_t *)start, (size_t)(r->at - start) };
}

/* After its first quote. It becomes shorter by its backslashes, in place. */
static enum status read_quoted(struct reading *r, const char **out)
{
    char *to = r->at;

    *out = to;
    for (; *r->at != '"'; r->at++) {
        if (*r->at == '\0' || *r->at == '\n')
            return wrong(r, "a text is not closed in its line");
        if (*r->at == '$')
            return wrong(r, "in a text \\ stands before $");
        if (*r->at == '\\' && (r->at[1] == '\0' || !strchr("\"\\$", *++r->at)))
            return wrong(r, "in a text \\ stands before \", \\ and $ only");
        *to++ = *r->at;
    }
    r->at++;
    *to = '\0';
    return ST_OK;
}

/* A word is moved by one, to have room for its NUL: what is before it has been read. */
static enum status read_text(struct reading *r, const char **out)
{
    skip_blank(r);
    if (*r->at == '"') {
        r->at++;
        return read_quoted(r, out);
    }
    char *start = r->at;
    struct slice word = read_word(r);
    if (word.len == 0)
        return wrong(r, "a text or a number is missing");
    memmove(start - 1, start, word.len);
    r->at[-1] = '\0';
    *out = start - 1;
    return ST_OK;
}

/* --- keys --- */

static size_t find_key(const struct record_key *keys, struct slice name)
{
    size_t n = 0;

    while (keys[n].name && !slice_is(name, keys[n].name))
        n++;
    return n;
}

static enum status unknown_key(const struct reading *r, const struct record_key *keys,
                               struct slice name)
{
    char word[WORD_MAX], text[REASON_MAX];

    if (name.len == 0)
        return wrong(r, "\"%c\" is not expected here", *r->at);
    if (slice_copy_text(name, word, sizeof word))
        return wrong(r, "a key of more than %d letters", WORD_MAX - 1);
    struct near_word meant = near_word_begin(word);
    for (; keys->name; keys++)
        near_word_try(&meant, keys->name);
    near_word_explain(&meant, text, sizeof text);
    return wrong(r, "%s", text);
}

/* `seen` has a bit for each key that stood there: only sections come again. */
static enum status read_key(struct reading *r, const struct record_key *keys, uint32_t *seen,
                            size_t *out)
{
    skip_blank(r);
    struct slice name = read_word(r);
    size_t key = find_key(keys, name);

    if (!keys[key].name)
        return unknown_key(r, keys, name);
    if (*seen >> key & 1 && keys[key].sort != RECORD_SECTION)
        return wrong(r, "\"%s\" is there twice", keys[key].name);
    *seen |= UINT32_C(1) << key;
    *out = key;
    return ST_OK;
}

static enum status read_value(struct reading *r, const struct record_key *key,
                              struct record_value *out)
{
    uint64_t number = 0;
    enum status st = read_text(r, &out->text);

    if (!st && key->sort == RECORD_NUMBER && slice_to_u64(slice_of(out->text), INT64_MAX, &number))
        return wrong(r, "%s is a number, not \"%.64s\"", key->name, out->text);
    out->number = (int64_t)number;
    return st;
}

static enum status read_assigned(struct reading *r, const struct record_key *key,
                                 struct record_value *out)
{
    return take(r, '=') ? read_value(r, key, out)
                        : wrong(r, "\"=\" is missing behind %s", key->name);
}

/* --- statements --- */

struct record {
    struct reading reading;
    const struct record_key *keys;
    record_fn *fn;
    void *arg;
};

static enum status tell(struct record *rec, const struct record_item *item)
{
    char reason[REASON_MAX] = "";
    enum status st = rec->fn(rec->arg, item, reason, sizeof reason);

    if (st)
        (void)wrong(&rec->reading, "%s", reason);
    return st;
}

static enum status read_single(struct record *rec, struct record_item *item)
{
    enum status st = read_assigned(&rec->reading, &rec->keys[item->key], &item->value);

    return st ? st : tell(rec, item);
}

static enum status read_list(struct record *rec, struct record_item *item)
{
    struct reading *r = &rec->reading;
    const struct record_key *key = &rec->keys[item->key];

    if (!take(r, '=') || !take(r, '{'))
        return wrong(r, "%s is a list: %s = { \"...\", \"...\" }", key->name, key->name);
    if (take(r, '}'))
        return ST_OK;
    do {
        enum status st = read_value(r, key, &item->value);
        if (!st)
            st = tell(rec, item);
        if (st)
            return st;
    } while (take(r, ','));
    return take(r, '}') ? ST_OK : wrong(r, "the list %s is not closed", key->name);
}

static enum status read_section(struct record *rec, struct record_item *item)
{
    struct reading *r = &rec->reading;
    const struct record_key *key = &rec->keys[item->key];
    uint32_t seen = 0;
    size_t inner = 0;
    enum status st = read_text(r, &item->title);

    if (!st && !take(r, '{'))
        return wrong(r, "\"{\" is missing behind %s \"%.64s\"", key->name, item->title);
    while (!st && !take(r, '}')) {
        if (*r->at == '\0')
            return wrong(r, "the section \"%s\" is not closed", key->name);
        st = read_key(r, key->inner, &seen, &inner);
        if (!st)
            st = read_assigned(r, &key->inner[inner], &item->inner[inner]);
    }
    return st ? st : tell(rec, item);
}

static enum status read_statement(struct record *rec, uint32_t *seen)
{
    static enum status (*const by_sort[])(struct record *, struct record_item *) = {
        [RECORD_TEXT] = read_single,
        [RECORD_NUMBER] = read_single,
        [RECORD_TEXTS] = read_list,
        [RECORD_SECTION] = read_section,
    };
    struct record_item item = { .key = 0 };
    enum status st = read_key(&rec->reading, rec->keys, seen, &item.key);

    return st ? st : by_sort[rec->keys[item.key].sort](rec, &item);
}

enum status record_parse(struct record_text *text, const char *path, const struct record_key *keys,
                         record_fn *fn, void *arg, char *why, size_t why_cap)
{
    struct record rec = { { text->bytes, 1, path, why, why_cap }, keys, fn, arg };
    uint32_t seen = 0;
    enum status st = ST_OK;

    skip_blank(&rec.reading);
    while (!st && *rec.reading.at) {
        st = read_statement(&rec, &seen);
        skip_blank(&rec.reading);
    }
    return st;
}
