#include "settings_upstream.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const ENDPOINT_NAMES[ENDPOINT_COUNT] = {
    [ENDPOINT_AUTHORIZATION] = "authorization_endpoint",
    [ENDPOINT_TOKEN] = "token_endpoint",
    [ENDPOINT_PAR] = "pushed_authorization_request_endpoint",
    [ENDPOINT_DEVICE] = "device_authorization_endpoint",
    [ENDPOINT_REVOCATION] = "revocation_endpoint",
    [ENDPOINT_INTROSPECTION] = "introspection_endpoint",
};

/* libconfuse writes parsed values elsewhere, but wants its tables writable. */
cfg_opt_t settings_upstream_opts[] = {
    CFG_STR("prefix", "", CFGF_NONE),
    CFG_STR("issuer", NULL, CFGF_NONE),
    CFG_BOOL("discovery", cfg_true, CFGF_NONE),
    CFG_BOOL("allow_http", cfg_false, CFGF_NONE),
    CFG_BOOL("forward_dpop", cfg_false, CFGF_NONE),
    CFG_BOOL("judges_devices", cfg_false, CFGF_NONE),
    CFG_BOOL("forwarded", cfg_false, CFGF_NONE),
    CFG_STR("metadata_url", NULL, CFGF_NONE),
    CFG_INT("refresh", 3600, CFGF_NONE),
    CFG_INT("retry", 1, CFGF_NONE),
    CFG_INT("retry_max", 60, CFGF_NONE),
    CFG_STR("authorization_endpoint", NULL, CFGF_NONE),
    CFG_STR("token_endpoint", NULL, CFGF_NONE),
    CFG_STR("pushed_authorization_request_endpoint", NULL, CFGF_NONE),
    CFG_STR("device_authorization_endpoint", NULL, CFGF_NONE),
    CFG_STR("revocation_endpoint", NULL, CFGF_NONE),
    CFG_STR("introspection_endpoint", NULL, CFGF_NONE),
    CFG_STR("ca_file", NULL, CFGF_NONE),
    CFG_SEC("limits", config_upstream_limits_opts, CFGF_NONE),
    CFG_END(),
};

static bool is_this_host(struct slice host)
{
    char text[URL_HOST_MAX + 1];
    struct in_addr v4;
    struct in6_addr v6;

    if (slice_copy_text(host, text, sizeof text))
        return false;
    if (inet_pton(AF_INET, text, &v4) == 1)
        return ntohl(v4.s_addr) >> 24 == 127;
    if (inet_pton(AF_INET6, text, &v6) == 1)
        return IN6_IS_ADDR_LOOPBACK(&v6);
    return slice_equal_nocase(host, SLICE_LIT("localhost"));
}

/* The client secret and the grants go there. */
enum status upstream_url(const struct upstream_settings *u, const char *text, struct url *out)
{
    enum status st = url_read(slice_of(text), out);

    if (st || out->tls || u->allow_http || is_this_host(out->host))
        return st;
    return ST_DENIED;
}

/* A URL that may be absent. */
static enum status read_upstream_url(const struct section *s, const char *key,
                                     const struct upstream_settings *u, char **out, bool *tls)
{
    struct url url;
    enum status st = section_text(s, key, out);

    if (st || !*out)
        return st;
    st = upstream_url(u, *out, &url);
    *tls |= url.tls;
    if (st == ST_DENIED)
        return section_wrong(s, key, "is not https (allow_http = true allows it)");
    return st ? section_wrong(s, key, "is not an absolute http or https URL") : ST_OK;
}

static enum status read_tls(const struct section *s, bool needed, struct upstream_settings *u)
{
    const char *file = cfg_getstr(s->cfg, "ca_file");

    if (!needed || tls_settings_new(file, &u->tls) == ST_OK)
        return ST_OK;
    return section_wrong(s, "ca_file",
                         file ? "holds no CA certificate that can be read"
                              : "is needed: the system's bundle cannot be read");
}

static enum status read_upstream_urls(const struct section *s, struct upstream_settings *u)
{
    bool tls = false;
    enum status st = read_upstream_url(s, "issuer", u, &u->issuer, &tls);

    if (!st)
        st = section_issuer(s, u->issuer);
    if (!st)
        st = read_upstream_url(s, "metadata_url", u, &u->metadata_url, &tls);
    for (size_t i = 0; i < ENDPOINT_COUNT && !st; i++)
        st = read_upstream_url(s, ENDPOINT_NAMES[i], u, &u->endpoints[i], &tls);
    if (!st && !u->discovery && !u->endpoints[ENDPOINT_TOKEN])
        st = section_wrong(s, "token_endpoint", "is required without discovery");
    return st ? st : read_tls(s, tls, u);
}

/* Its first segment is looked up before that of any upstream. */
static bool is_reserved(const char *prefix)
{
    static const char *const reserved[] = { "/.well-known", "/check", "/healthz", "/readyz" };

    for (size_t i = 0; i < sizeof reserved / sizeof *reserved; i++) {
        size_t len = strlen(reserved[i]);
        if (strncmp(prefix, reserved[i], len) == 0 && (!prefix[len] || prefix[len] == '/'))
            return true;
    }
    return false;
}

/* Segments of unreserved characters (RFC 3986 §2.3), so that nobody between spells them in
 * another way, and none that is "." or "..". */
static bool is_prefix(const char *text)
{
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~";

    while (*text == '/') {
        size_t len = strspn(++text, allowed);
        bool dots = len <= 2 && strspn(text, ".") == len;
        if (len == 0 || dots)
            return false;
        text += len;
    }
    return !*text;
}

static enum status make_front(const struct settings *all, struct upstream_settings *u)
{
    if (asprintf(&u->front, "%s%s", all->issuer, u->prefix) >= 0)
        return ST_OK;
    u->front = NULL;
    return ST_NO_MEMORY;
}

static enum status read_prefix(const struct section *s, const struct settings *all,
                               struct upstream_settings *u)
{
    u->prefix = strdup(cfg_getstr(s->cfg, "prefix"));
    if (!u->prefix)
        return ST_NO_MEMORY;
    if (strlen(u->prefix) > UPSTREAM_PREFIX_MAX || !is_prefix(u->prefix))
        return section_wrong(s, "prefix", "is not a path of letters, digits and -._~, such as /a");
    if (is_reserved(u->prefix))
        return section_wrong(s, "prefix", "begins with a path that has another meaning");
    for (size_t i = 0; i < all->upstream_count; i++)
        if (strcmp(all->upstreams[i].prefix, u->prefix) == 0)
            return section_wrong(s, "prefix", "is that of another upstream: each needs its own");
    return make_front(all, u);
}

static enum status read_times(const struct section *s, struct upstream_settings *u)
{
    enum status st = section_int(s, "refresh", 1, 86400, &u->refresh);

    if (!st)
        st = section_int(s, "retry", 1, 3600, &u->retry);
    if (!st)
        st = section_int(s, "retry_max", 1, 86400, &u->retry_max);
    return !st && u->retry_max < u->retry ? section_wrong(s, "retry_max", "is less than retry")
                                          : st;
}

enum status settings_upstream_read(const struct section *s, const struct settings *all,
                                   struct upstream_settings *u)
{
    u->discovery = cfg_getbool(s->cfg, "discovery");
    u->allow_http = cfg_getbool(s->cfg, "allow_http");
    u->forward_dpop = cfg_getbool(s->cfg, "forward_dpop");
    u->judges_devices = cfg_getbool(s->cfg, "judges_devices");
    u->forwarded = cfg_getbool(s->cfg, "forwarded");
    u->name = strdup(s->title);
    enum status st = u->name ? read_prefix(s, all, u) : ST_NO_MEMORY;
    if (!st)
        st = read_upstream_urls(s, u);
    if (!st)
        st = read_times(s, u);
    return st ? st
              : config_client_limits_read(cfg_getsec(s->cfg, "limits"), &u->limits, s->why,
                                          s->why_cap);
}

void settings_upstream_clear(struct upstream_settings *u)
{
    free(u->name);
    free(u->prefix);
    free(u->front);
    free(u->issuer);
    free(u->metadata_url);
    for (size_t i = 0; i < ENDPOINT_COUNT; i++)
        free(u->endpoints[i]);
    tls_settings_free(u->tls);
}
