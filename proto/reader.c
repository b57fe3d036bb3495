#include "reader.h"

#include <string.h>

struct reader reader_over(struct slice bytes)
{
    return (struct reader){ .left = bytes };
}

struct slice reader_slice(struct reader *r, size_t n)
{
    if (r->bad || n > r->left.len) {
        r->bad = true;
        return (struct slice){ 0 };
    }
    struct slice out = { r->left.data, n };
    r->left.data += n;
    r->left.len -= n;
    return out;
}

struct slice reader_rest(struct reader *r)
{
    return reader_slice(r, r->left.len);
}

static uint64_t number(struct reader *r, size_t n)
{
    struct slice bytes = reader_slice(r, n);
    uint64_t value = 0;

    for (size_t i = 0; i < bytes.len; i++)
        value = value << 8 | bytes.data[i];
    return value;
}

uint8_t reader_u8(struct reader *r)
{
    return (uint8_t)number(r, 1);
}

uint16_t reader_u16be(struct reader *r)
{
    return (uint16_t)number(r, 2);
}

uint32_t reader_u32be(struct reader *r)
{
    return (uint32_t)number(r, 4);
}

uint64_t reader_u64be(struct reader *r)
{
    return number(r, 8);
}

void reader_bytes(struct reader *r, uint8_t *out, size_t n)
{
    struct slice bytes = reader_slice(r, n);

    if (bytes.len)
        memcpy(out, bytes.data, n);
    else
        memset(out, 0, n);
}

bool reader_is_done(const struct reader *r)
{
    return !r->bad && r->left.len == 0;
}
