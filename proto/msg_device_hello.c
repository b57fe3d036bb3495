#include "msg_device_hello.h"

#include <string.h>

#include "reader.h"

bool device_id_ok(struct slice id)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                                  "-._~:/";

    if (id.len == 0 || id.len > DEVICE_ID_MAX)
        return false;
    for (size_t i = 0; i < id.len; i++)
        if (!memchr(allowed, id.data[i], sizeof allowed - 1))
            return false;
    return true;
}

static bool is_grant_id(struct slice value)
{
    return value.len == GRANT_ID_LEN;
}

static bool may_be_token(struct slice value)
{
    return value.len != 0 && value.len <= DEVICE_TOKEN_MAX;
}

static bool (*const checks[])(struct slice value) = {
    [DEVICE_HELLO_LINK] = device_id_ok,
    [DEVICE_HELLO_GRANT] = is_grant_id,
    [DEVICE_HELLO_TOKEN] = may_be_token,
};

static enum status check(unsigned kind, struct slice value)
{
    if (kind >= sizeof checks / sizeof checks[0] || !checks[kind])
        return ST_UNSUPPORTED;
    return checks[kind](value) ? ST_OK : ST_INVALID;
}

enum status device_hello_decode(struct slice message, struct device_hello *out)
{
    struct reader r = reader_over(message);
    unsigned version = reader_u8(&r), kind = reader_u8(&r);
    struct slice value = reader_rest(&r);

    if (!reader_is_done(&r))
        return ST_INVALID;
    enum status st = version == DEVICE_PROTOCOL ? check(kind, value) : ST_UNSUPPORTED;
    if (!st)
        *out = (struct device_hello){ .kind = (enum device_hello_kind)kind, .value = value };
    return st;
}

enum status device_hello_encode(const struct device_hello *m, struct writer *w)
{
    enum status st = check(m->kind, m->value);

    if (st)
        return st;
    writer_byte(w, DEVICE_PROTOCOL);
    writer_byte(w, (uint8_t)m->kind);
    writer_put(w, m->value);
    return w->full ? ST_TOO_LARGE : ST_OK;
}
