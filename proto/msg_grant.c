#include "msg_grant.h"

static bool is_scope_char(uint8_t c) /* RFC 6749 §3.3 */
{
    return c > ' ' && c < 0x7f && c != '"' && c != '\\';
}

bool grant_scope_ok(struct slice scope)
{
    bool in_word = false;

    if (scope.len > GRANT_SCOPE_MAX)
        return false;
    for (size_t i = 0; i < scope.len; i++) {
        if (scope.data[i] == ' ' ? !in_word : !is_scope_char(scope.data[i]))
            return false;
        in_word = scope.data[i] != ' ';
    }
    return in_word;
}

bool grant_scope_has(struct slice scope, struct slice word)
{
    if (word.len == 0)
        return false;
    while (scope.len)
        if (slice_equal(slice_cut(&scope, ' '), word))
            return true;
    return false;
}

static enum status check(const struct grant *m)
{
    bool times = m->not_before < m->expires && m->expires <= INT64_MAX && m->issued_at <= INT64_MAX;

    return times && grant_scope_ok(m->scope) ? ST_OK : ST_INVALID;
}

enum status grant_decode(struct slice message, struct grant *out)
{
    struct reader r = device_message_begin(message, DEVICE_GRANT);

    reader_bytes(&r, out->id, sizeof out->id);
    reader_bytes(&r, out->key, sizeof out->key);
    out->issued_at = reader_u64be(&r);
    out->not_before = reader_u64be(&r);
    out->expires = reader_u64be(&r);
    uint8_t flags = reader_u8(&r);
    reader_bytes(&r, out->jkt.bytes, sizeof out->jkt.bytes);
    out->scope = reader_slice(&r, reader_u16be(&r));
    out->once = flags == 1;
    return reader_is_done(&r) && flags <= 1 ? check(out) : ST_INVALID;
}

enum status grant_encode(const struct grant *m, struct writer *w)
{
    enum status st = check(m);

    if (st)
        return st;
    writer_byte(w, DEVICE_GRANT);
    writer_put(w, (struct slice){ m->id, sizeof m->id });
    writer_put(w, (struct slice){ m->key, sizeof m->key });
    writer_u64be(w, m->issued_at);
    writer_u64be(w, m->not_before);
    writer_u64be(w, m->expires);
    writer_byte(w, m->once);
    writer_put(w, (struct slice){ m->jkt.bytes, sizeof m->jkt.bytes });
    writer_u16be(w, (uint16_t)m->scope.len);
    writer_put(w, m->scope);
    return w->full ? ST_TOO_LARGE : ST_OK;
}
