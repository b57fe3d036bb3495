#include "forwarded.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

static const uint8_t v4_prefix[12] = { [10] = 0xff, [11] = 0xff };

static void set_v4(struct peer *out, const void *four_bytes)
{
    memcpy(out->address, v4_prefix, sizeof v4_prefix);
    memcpy(out->address + sizeof v4_prefix, four_bytes, 4);
}

struct peer peer_of(const struct sockaddr *address, socklen_t len)
{
    struct peer out = { 0 };

    if (address->sa_family == AF_INET && len >= sizeof(struct sockaddr_in)) {
        struct sockaddr_in v4;
        memcpy(&v4, address, sizeof v4);
        set_v4(&out, &v4.sin_addr);
    } else if (address->sa_family == AF_INET6 && len >= sizeof(struct sockaddr_in6)) {
        struct sockaddr_in6 v6;
        memcpy(&v6, address, sizeof v6);
        memcpy(out.address, &v6.sin6_addr, sizeof out.address);
    } else {
        out.local = true;
    }
    return out;
}

static void write_v4(const uint8_t address[static 4], char out[static PEER_TEXT_MAX])
{
    struct writer w = writer_over(out, PEER_TEXT_MAX - 1);

    for (size_t i = 0; i < 4; i++) {
        if (i)
            writer_byte(&w, '.');
        writer_decimal(&w, address[i]);
    }
    out[w.len] = '\0';
}

void peer_text(const struct peer *peer, char out[static PEER_TEXT_MAX])
{
    bool v4 = memcmp(peer->address, v4_prefix, sizeof v4_prefix) == 0;

    if (peer->local)
        memcpy(out, "unix", sizeof "unix");
    else if (v4)
        write_v4(peer->address + sizeof v4_prefix, out);
    else
        inet_ntop(AF_INET6, peer->address, out, PEER_TEXT_MAX);
}

struct network {
    struct peer peer;
    unsigned bits; /* of the 128 */
};

struct trusted_proxies {
    size_t count;
    struct network networks[];
};

static enum status read_address(const char *text, struct peer *out)
{
    uint8_t four_bytes[4];

    *out = (struct peer){ 0 };
    if (inet_pton(AF_INET, text, four_bytes) == 1) {
        set_v4(out, four_bytes);
        return ST_OK;
    }
    return inet_pton(AF_INET6, text, out->address) == 1 ? ST_OK : ST_INVALID;
}

static enum status read_network(const char *text, struct network *out)
{
    struct slice bits = slice_of(text);
    struct slice address = slice_cut(&bits, '/');
    char copy[INET6_ADDRSTRLEN];
    uint64_t count = 128;

    if (strcmp(text, "unix") == 0) {
        *out = (struct network){ .peer.local = true };
        return ST_OK;
    }
    if (slice_copy_text(address, copy, sizeof copy) || read_address(copy, &out->peer))
        return ST_INVALID;
    unsigned width = strchr(copy, ':') ? 128 : 32;
    if (bits.data && slice_to_u64(bits, width, &count))
        return ST_INVALID;
    out->bits = bits.data ? (unsigned)count + 128 - width : 128;
    return ST_OK;
}

enum status trusted_proxies_new(const char *const *texts, size_t count,
                                struct trusted_proxies **out)
{
    struct trusted_proxies *t = calloc(1, sizeof *t + count * sizeof t->networks[0]);

    if (!t)
        return ST_NO_MEMORY;
    for (; t->count < count; t->count++)
        if (read_network(texts[t->count], &t->networks[t->count])) {
            free(t);
            return ST_INVALID;
        }
    *out = t;
    return ST_OK;
}

void trusted_proxies_free(struct trusted_proxies *t)
{
    free(t);
}

static bool in_network(const struct network *network, const struct peer *peer)
{
    unsigned whole = network->bits / 8, rest = network->bits % 8;

    if (network->peer.local || peer->local)
        return network->peer.local && peer->local;
    if (memcmp(network->peer.address, peer->address, whole) != 0)
        return false;
    return rest == 0 || (network->peer.address[whole] ^ peer->address[whole]) >> (8 - rest) == 0;
}

bool trusted_proxies_have(const struct trusted_proxies *t, const struct peer *peer)
{
    for (size_t i = 0; t && i < t->count; i++)
        if (in_network(&t->networks[i], peer))
            return true;
    return false;
}

/* Whether a quoted string begins or ends there, and not an escaped quote lies in one. */
static bool is_quote(struct slice text, size_t at)
{
    size_t escapes = 0;

    while (escapes < at && text.data[at - escapes - 1] == '\\')
        escapes++;
    return text.data[at] == '"' && escapes % 2 == 0;
}

/* The last element of a comma-separated list, cut off it; false if none is left. What is quoted
 * may be a client's, such as its Host, and separates nothing. From the right, because a quote that
 * a client left open on the left must not reach what a proxy wrote. */
static bool cut_last(struct slice *list, struct slice *out)
{
    size_t at = list->len;
    bool quoted = false;

    if (list->len == 0)
        return false;
    while (at > 0 && (quoted || list->data[at - 1] != ',')) {
        at--;
        quoted ^= is_quote(*list, at);
    }
    *out = slice_trim((struct slice){ list->data + at, list->len - at });
    list->len = at ? at - 1 : 0;
    return true;
}

/* "::ffff:10.0.0.1", of a proxy that listens on both, is no address with a port. */
static bool is_v4_with_port(struct slice node)
{
    struct slice address = slice_cut(&node, ':');

    return node.data && memchr(address.data, '.', address.len);
}

/* An address with or without port, quotes and brackets (RFC 7239 §6). */
static enum status read_node(struct slice node, struct peer *out)
{
    char text[INET6_ADDRSTRLEN];

    if (node.len >= 2 && node.data[0] == '"' && node.data[node.len - 1] == '"')
        node = (struct slice){ node.data + 1, node.len - 2 };
    if (node.len && node.data[0] == '[') {
        node = (struct slice){ node.data + 1, node.len - 1 };
        node = slice_cut(&node, ']');
    } else if (is_v4_with_port(node)) {
        node = slice_cut(&node, ':');
    }
    if (slice_copy_text(node, text, sizeof text))
        return ST_INVALID;
    return read_address(text, out);
}

/* Cuts *element at the first ';' that is not quoted, as slice_cut does. */
static struct slice cut_pair(struct slice *element)
{
    const struct slice all = *element;
    bool quoted = false;

    for (size_t i = 0; i < all.len; i++) {
        quoted ^= is_quote(all, i);
        if (quoted || all.data[i] != ';')
            continue;
        *element = (struct slice){ all.data + i + 1, all.len - i - 1 };
        return (struct slice){ all.data, i };
    }
    *element = (struct slice){ NULL, 0 };
    return all;
}

/* The value of for= in one element of Forwarded. */
static struct slice for_of(struct slice element)
{
    while (element.data) {
        struct slice value = slice_trim(cut_pair(&element));
        struct slice name = slice_cut(&value, '=');
        if (slice_equal_nocase(name, SLICE_LIT("for")))
            return value;
    }
    return (struct slice){ NULL, 0 };
}

/* Walks one field's lines from the last to the first: a proxy may append a line of its own to what
 * the client sent, and only what is on the right was written by whom we trust. */
static struct peer walk(const struct trusted_proxies *trusted, struct peer client,
                        const struct http1_head *head, struct slice field, bool standard)
{
    for (size_t i = head->header_count; i-- > 0;) {
        struct slice list = head->headers[i].value, element;
        struct peer before;
        if (!slice_equal_nocase(head->headers[i].name, field))
            continue;
        while (trusted_proxies_have(trusted, &client) && cut_last(&list, &element)) {
            if (read_node(standard ? for_of(element) : element, &before))
                return client;
            client = before;
        }
    }
    return client;
}

void forwarded_client(const struct trusted_proxies *trusted, const struct peer *peer,
                      const struct http1_head *head, char out[static PEER_TEXT_MAX])
{
    bool standard = http1_header_occurrences(head, "Forwarded") > 0;
    bool other = http1_header_occurrences(head, "X-Forwarded-For") > 0;
    struct peer client = *peer;

    /* Both: the proxy writes one, and the other is whatever the client said. Believe neither. */
    if (standard != other)
        client = walk(trusted, client, head,
                      standard ? SLICE_LIT("Forwarded") : SLICE_LIT("X-Forwarded-For"), standard);
    peer_text(&client, out);
}
