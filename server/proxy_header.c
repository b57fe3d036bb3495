#include "proxy_header.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

static const struct {
    const char *word;
    enum proxy_mode mode;
} modes[] = { { "proxy_v2", PROXY_V2 }, { "proxy", PROXY_ANY } };

enum status proxy_mode_read(struct slice word, enum proxy_mode *out)
{
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++)
        if (slice_is(word, modes[i].word)) {
            *out = modes[i].mode;
            return ST_OK;
        }
    return ST_NOT_FOUND;
}

const char *proxy_mode_word(enum proxy_mode mode)
{
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++)
        if (modes[i].mode == mode)
            return modes[i].word;
    return "";
}

static struct peer peer_v4(const void *four_bytes)
{
    struct sockaddr_in address = { .sin_family = AF_INET };

    memcpy(&address.sin_addr, four_bytes, sizeof address.sin_addr);
    return peer_of((const struct sockaddr *)&address, sizeof address);
}

static struct peer peer_v6(const void *sixteen_bytes)
{
    struct sockaddr_in6 address = { .sin6_family = AF_INET6 };

    memcpy(&address.sin6_addr, sixteen_bytes, sizeof address.sin6_addr);
    return peer_of((const struct sockaddr *)&address, sizeof address);
}

/* Whether the first bytes may become the text, or are longer and begin so. */
static bool may_be(struct slice in, struct slice text)
{
    size_t len = in.len < text.len ? in.len : text.len;

    return slice_equal((struct slice){ in.data, len }, (struct slice){ text.data, len });
}

/* --- version 1: one line of text (§2.1) --- */

static const struct slice v1_start = SLICE_LIT("PROXY ");

static enum status read_v4_text(struct slice text, struct peer *out)
{
    char copy[INET_ADDRSTRLEN];
    uint8_t bytes[4];

    if (slice_copy_text(text, copy, sizeof copy) || inet_pton(AF_INET, copy, bytes) != 1)
        return ST_INVALID;
    *out = peer_v4(bytes);
    return ST_OK;
}

static enum status read_v6_text(struct slice text, struct peer *out)
{
    char copy[INET6_ADDRSTRLEN];
    uint8_t bytes[16];

    if (slice_copy_text(text, copy, sizeof copy) || inet_pton(AF_INET6, copy, bytes) != 1)
        return ST_INVALID;
    *out = peer_v6(bytes);
    return ST_OK;
}

static const struct {
    const char *word;
    enum status (*read)(struct slice text, struct peer *out);
} v1_families[] = { { "TCP4", read_v4_text }, { "TCP6", read_v6_text } };

static bool is_port(struct slice text)
{
    uint64_t port;

    return slice_to_u64(text, UINT16_MAX, &port) == ST_OK && (text.len == 1 || text.data[0] != '0');
}

/* family source destination source-port destination-port, with a space between. */
static enum status read_v1_fields(struct slice rest, struct peer *source)
{
    struct slice family = slice_cut(&rest, ' ');
    struct slice from = slice_cut(&rest, ' '), to = slice_cut(&rest, ' ');
    struct slice from_port = slice_cut(&rest, ' ');
    struct peer destination;

    if (!is_port(from_port) || !is_port(rest))
        return ST_INVALID;
    for (size_t i = 0; i < sizeof v1_families / sizeof v1_families[0]; i++)
        if (slice_is(family, v1_families[i].word)) {
            enum status st = v1_families[i].read(from, source);
            return st ? st : v1_families[i].read(to, &destination);
        }
    return ST_INVALID;
}

static enum proxy_progress read_v1(struct slice in, struct proxy_header *out, size_t *consumed)
{
    struct slice line = { in.data, in.len < PROXY_V1_MAX ? in.len : PROXY_V1_MAX };
    const uint8_t *end = memchr(line.data, '\n', line.len);

    if (!end)
        return in.len < PROXY_V1_MAX ? PROXY_MORE : PROXY_REFUSED;
    *consumed = (size_t)(end - in.data) + 1;
    if (*consumed < v1_start.len + 2 || end[-1] != '\r')
        return PROXY_REFUSED;
    line = (struct slice){ in.data + v1_start.len, *consumed - v1_start.len - 2 };
    return read_v1_fields(line, &out->source) ? PROXY_REFUSED : PROXY_DONE;
}

/* --- version 2: binary (§2.2) --- */

static const struct slice v2_start = SLICE_LIT("\r\n\r\n\0\r\nQUIT\n");

enum {
    V2_FIXED = 16,   /* signature, version and command, family, length */
    V2_LOCAL = 0x20, /* version 2, command 0 */
    V2_PROXY = 0x21,
    TLV_HEAD = 3,
    TLV_CRC32C = 0x03,
    CRC_LEN = 4,
};

static const struct {
    uint8_t family; /* and transport: TCP over IPv4, IPv6 */
    size_t address_len, block_len;
    struct peer (*read)(const void *bytes);
} v2_families[] = { { 0x11, 4, 12, peer_v4 }, { 0x21, 16, 36, peer_v6 } };

static size_t u16_at(const uint8_t *bytes)
{
    return (size_t)bytes[0] << 8 | bytes[1];
}

/* CRC-32C (RFC 4960 appendix B), bit by bit: headers are short. */
static uint32_t crc_add(uint32_t crc, uint8_t byte)
{
    crc ^= byte;
    for (int bit = 0; bit < 8; bit++)
        crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78u : 0);
    return crc;
}

/* Of the whole header, its own four bytes at `at` taken for zeros. */
static bool crc_holds(struct slice header, size_t at)
{
    uint32_t crc = UINT32_MAX, said = 0;

    for (size_t i = 0; i < header.len; i++) {
        bool own = i >= at && i < at + CRC_LEN;
        said = own ? said << 8 | header.data[i] : said;
        crc = crc_add(crc, own ? 0 : header.data[i]);
    }
    return (crc ^ UINT32_MAX) == said;
}

/* What follows the addresses: type, length and value each, to the very end. */
static bool extras_hold(struct slice header, size_t at)
{
    while (at < header.len) {
        if (header.len - at < TLV_HEAD)
            return false;
        size_t len = u16_at(header.data + at + 1), value = at + TLV_HEAD;
        if (header.len - value < len)
            return false;
        if (header.data[at] == TLV_CRC32C && (len != CRC_LEN || !crc_holds(header, value)))
            return false;
        at = value + len;
    }
    return true;
}

static enum proxy_progress read_v2_source(struct slice header, struct proxy_header *out)
{
    for (size_t i = 0; i < sizeof v2_families / sizeof v2_families[0]; i++) {
        size_t end = V2_FIXED + v2_families[i].block_len;
        if (header.data[13] != v2_families[i].family)
            continue;
        if (header.len < end || !extras_hold(header, end))
            return PROXY_REFUSED;
        out->source = v2_families[i].read(header.data + V2_FIXED);
        return PROXY_DONE;
    }
    return PROXY_REFUSED;
}

static enum proxy_progress read_v2(struct slice in, struct proxy_header *out, size_t *consumed)
{
    if (in.len < V2_FIXED)
        return PROXY_MORE;
    uint8_t command = in.data[12];
    *consumed = V2_FIXED + u16_at(in.data + 14);
    if ((command != V2_LOCAL && command != V2_PROXY) || *consumed > PROXY_HEADER_MAX)
        return PROXY_REFUSED;
    if (in.len < *consumed)
        return PROXY_MORE;
    /* Whatever else a local one says is to be skipped (§2.2). */
    out->local = command == V2_LOCAL;
    return out->local ? PROXY_DONE : read_v2_source((struct slice){ in.data, *consumed }, out);
}

enum proxy_progress proxy_header_read(struct slice in, enum proxy_mode mode,
                                      struct proxy_header *out, size_t *consumed)
{
    *out = (struct proxy_header){ .local = false };
    *consumed = 0;
    if (in.len == 0)
        return PROXY_MORE;
    if (may_be(in, v2_start))
        return read_v2(in, out, consumed);
    if (mode == PROXY_ANY && may_be(in, v1_start))
        return read_v1(in, out, consumed);
    return PROXY_REFUSED;
}
