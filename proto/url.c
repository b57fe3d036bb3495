#include "url.h"

#include <string.h>

#include "http1_text.h"

static bool take_scheme(struct slice *text, const char *scheme)
{
    size_t len = strlen(scheme);

    if (text->len < len || !slice_equal_nocase((struct slice){ text->data, len }, slice_of(scheme)))
        return false;
    text->data += len;
    text->len -= len;
    return true;
}

/* Bytes before the first '/' or '?'. */
static struct slice take_authority(struct slice *text)
{
    size_t n = 0;

    while (n < text->len && text->data[n] != '/' && text->data[n] != '?')
        n++;
    struct slice authority = { text->data, n };
    text->data += n;
    text->len -= n;
    return authority;
}

static enum status read_authority(struct slice authority, struct url *out)
{
    struct slice rest = authority;
    uint64_t port = out->tls ? 443 : 80;

    if (!http1_is_host(authority))
        return ST_INVALID;
    if (authority.data[0] == '[') {
        rest = (struct slice){ authority.data + 1, authority.len - 1 };
        out->host = slice_cut(&rest, ']');
        (void)slice_cut(&rest, ':');
    } else {
        out->host = slice_cut(&rest, ':');
    }
    if (rest.len && (slice_to_u64(rest, 65535, &port) || port == 0))
        return ST_INVALID;
    if (out->host.len > URL_HOST_MAX)
        return ST_INVALID;
    out->port = (uint16_t)port;
    out->authority = authority;
    return ST_OK;
}

enum status url_read(struct slice text, struct url *out)
{
    *out = (struct url){ 0 };
    out->tls = take_scheme(&text, "https://");
    if (!out->tls && !take_scheme(&text, "http://"))
        return ST_INVALID;
    if (read_authority(take_authority(&text), out))
        return ST_INVALID;
    out->path = slice_cut(&text, '?');
    out->query = text;
    if (out->path.len == 0)
        out->path = SLICE_LIT("/");
    return http1_is_origin_form(out->path, out->query) ? ST_OK : ST_INVALID;
}

static bool is_unreserved(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

void url_escape(struct writer *w, struct slice text)
{
    static const char digits[] = "0123456789ABCDEF";

    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.data[i];
        uint8_t coded[3] = { '%', (uint8_t)digits[c >> 4], (uint8_t)digits[c & 15] };
        if (is_unreserved(c))
            writer_byte(w, c);
        else
            writer_put(w, (struct slice){ coded, sizeof coded });
    }
}
