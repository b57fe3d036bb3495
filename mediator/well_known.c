#include "well_known.h"

/* scheme://host/.well-known/oauth-authorization-server/path (RFC 8414 §3.1). */
static void write_inserted(struct writer *w, struct slice issuer)
{
    struct url url;

    if (url_read(issuer, &url))
        return;
    size_t origin_len = (size_t)(url.authority.data + url.authority.len - issuer.data);
    writer_put(w, (struct slice){ issuer.data, origin_len });
    writer_text(w, "/.well-known/oauth-authorization-server");
    if (!slice_is(url.path, "/"))
        writer_put(w, url.path);
}

/* issuer/.well-known/openid-configuration (OpenID Connect Discovery 1.0 §4). */
static void write_appended(struct writer *w, struct slice issuer)
{
    if (issuer.data[issuer.len - 1] == '/')
        issuer.len--;
    writer_put(w, issuer);
    writer_text(w, "/.well-known/openid-configuration");
}

/* OpenID's first: it says all that the other one does, and more. */
static void (*const places[])(struct writer *, struct slice issuer) = {
    write_appended,
    write_inserted,
};

size_t well_known_count(const struct upstream_settings *s)
{
    return s->metadata_url ? 1 : sizeof places / sizeof *places;
}

enum status well_known_url(const struct upstream_settings *s, size_t i, struct writer *w)
{
    if (s->metadata_url)
        writer_text(w, s->metadata_url);
    else
        places[i](w, slice_of(s->issuer));
    return w->full ? ST_TOO_LARGE : ST_OK;
}
