#include "hex.h"

static const char digits[] = "0123456789abcdef";

static void encode(uint8_t *out, struct slice bytes)
{
    for (size_t i = 0; i < bytes.len; i++) {
        out[2 * i] = (uint8_t)digits[bytes.data[i] >> 4];
        out[2 * i + 1] = (uint8_t)digits[bytes.data[i] & 15];
    }
}

void hex_write(struct writer *w, struct slice bytes)
{
    uint8_t *at = writer_reserve(w, 2 * bytes.len);
    if (at)
        encode(at, bytes);
}

void hex_encode(char *out, struct slice bytes)
{
    encode((uint8_t *)out, bytes);
    out[2 * bytes.len] = '\0';
}

int hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The same for what is canonical: no capitals. */
static int value_of(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return -1;
}

enum status hex_decode(struct slice text, uint8_t *out, size_t cap, size_t *len)
{
    if (text.len % 2)
        return ST_INVALID;
    if (text.len / 2 > cap)
        return ST_TOO_LARGE;
    for (size_t i = 0; i < text.len; i += 2) {
        int high = value_of(text.data[i]);
        int low = value_of(text.data[i + 1]);
        if (high < 0 || low < 0)
            return ST_INVALID;
        out[i / 2] = (uint8_t)(high << 4 | low);
    }
    *len = text.len / 2;
    return ST_OK;
}
