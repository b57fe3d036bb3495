#include "base64url.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/* Values of the alphabet plus one, so that what is not named is 0. */
static const uint8_t values[256] = {
    ['A'] = 1,  ['B'] = 2,  ['C'] = 3,  ['D'] = 4,  ['E'] = 5,  ['F'] = 6,  ['G'] = 7,  ['H'] = 8,
    ['I'] = 9,  ['J'] = 10, ['K'] = 11, ['L'] = 12, ['M'] = 13, ['N'] = 14, ['O'] = 15, ['P'] = 16,
    ['Q'] = 17, ['R'] = 18, ['S'] = 19, ['T'] = 20, ['U'] = 21, ['V'] = 22, ['W'] = 23, ['X'] = 24,
    ['Y'] = 25, ['Z'] = 26, ['a'] = 27, ['b'] = 28, ['c'] = 29, ['d'] = 30, ['e'] = 31, ['f'] = 32,
    ['g'] = 33, ['h'] = 34, ['i'] = 35, ['j'] = 36, ['k'] = 37, ['l'] = 38, ['m'] = 39, ['n'] = 40,
    ['o'] = 41, ['p'] = 42, ['q'] = 43, ['r'] = 44, ['s'] = 45, ['t'] = 46, ['u'] = 47, ['v'] = 48,
    ['w'] = 49, ['x'] = 50, ['y'] = 51, ['z'] = 52, ['0'] = 53, ['1'] = 54, ['2'] = 55, ['3'] = 56,
    ['4'] = 57, ['5'] = 58, ['6'] = 59, ['7'] = 60, ['8'] = 61, ['9'] = 62, ['-'] = 63, ['_'] = 64,
};

/* Encodes 1 to 3 bytes into n + 1 characters. */
static void encode_group(uint8_t *out, const uint8_t *in, size_t n)
{
    uint32_t bits = (uint32_t)in[0] << 16;

    if (n > 1)
        bits |= (uint32_t)in[1] << 8;
    if (n > 2)
        bits |= in[2];
    for (size_t i = 0; i <= n; i++)
        out[i] = (uint8_t)alphabet[bits >> (18 - 6 * i) & 63];
}

static void encode(uint8_t *out, struct slice bytes)
{
    while (bytes.len >= 3) {
        encode_group(out, bytes.data, 3);
        bytes.data += 3;
        bytes.len -= 3;
        out += 4;
    }
    if (bytes.len)
        encode_group(out, bytes.data, bytes.len);
}

void base64url_write(struct writer *w, struct slice bytes)
{
    uint8_t *at = writer_reserve(w, BASE64URL_LEN(bytes.len));
    if (at)
        encode(at, bytes);
}

void base64url_encode(char *out, struct slice bytes)
{
    encode((uint8_t *)out, bytes);
    out[BASE64URL_LEN(bytes.len)] = '\0';
}

/* Decodes the last 2 or 3 characters into n - 1 bytes. */
static enum status decode_group(uint8_t *out, const uint8_t *in, size_t n)
{
    uint32_t bits = 0;

    for (size_t i = 0; i < n; i++) {
        uint8_t value = values[in[i]];
        if (!value)
            return ST_INVALID;
        bits |= (uint32_t)(value - 1) << (18 - 6 * i);
    }
    /* What does not reach into a byte must be zero: one text for each value (RFC 4648 §3.5). */
    if (bits & (0xffffffu >> (8 * (n - 1))))
        return ST_INVALID;
    for (size_t i = 0; i + 1 < n; i++)
        out[i] = (uint8_t)(bits >> (16 - 8 * i));
    return ST_OK;
}

/* Decodes 4 characters into 3 bytes. */
static bool decode_whole_group(uint8_t *out, const uint8_t *in)
{
    uint32_t a = values[in[0]], b = values[in[1]], c = values[in[2]], d = values[in[3]];

    if (!a || !b || !c || !d)
        return false;
    uint32_t bits = (a - 1) << 18 | (b - 1) << 12 | (c - 1) << 6 | (d - 1);
    out[0] = (uint8_t)(bits >> 16);
    out[1] = (uint8_t)(bits >> 8);
    out[2] = (uint8_t)bits;
    return true;
}

enum status base64url_decode(struct slice text, uint8_t *out, size_t cap, size_t *len)
{
    size_t rest = text.len % 4;
    size_t need = text.len / 4 * 3 + (rest ? rest - 1 : 0);

    if (rest == 1)
        return ST_INVALID;
    if (need > cap)
        return ST_TOO_LARGE;
    size_t whole = text.len - rest;
    for (size_t i = 0; i < whole; i += 4, out += 3)
        if (!decode_whole_group(out, text.data + i))
            return ST_INVALID;
    if (rest && decode_group(out, text.data + whole, rest))
        return ST_INVALID;
    *len = need;
    return ST_OK;
}

enum status base64url_decode_exact(struct slice text, uint8_t *out, size_t n)
{
    size_t len;

    if (text.len != BASE64URL_LEN(n))
        return ST_INVALID;
    return base64url_decode(text, out, n, &len);
}
