#include "settings.h"

#include <stdlib.h>
#include <string.h>

#include "settings_check.h"
#include "settings_client.h"
#include "settings_device.h"
#include "settings_upstream.h"

cfg_opt_t settings_opts[] = {
    CONFIG_DAEMON_OPTS,
    CFG_STR("issuer", NULL, CFGF_NONE),
    CFG_INT("clock_skew", 30, CFGF_NONE),
    CFG_INT("token_max_lifetime", 3600, CFGF_NONE),
    CFG_INT("pop_max_age", 60, CFGF_NONE),
    CFG_INT("challenge_lifetime", 300, CFGF_NONE),
    CFG_INT("request_lifetime", 300, CFGF_NONE),
    CFG_INT("binding_lifetime", 600, CFGF_NONE),
    CFG_STR("seal_keyring", NULL, CFGF_NONE),
    CFG_SEC("upstream", settings_upstream_opts, CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES),
    CFG_SEC("check", settings_check_opts, CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES),
    CFG_SEC("device", settings_device_opts, CFGF_NONE),
    CFG_SEC("client", settings_client_opts, CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES),
    CFG_END(),
};

static enum status read_issuer(const struct section *s, struct settings *out)
{
    struct url url;
    enum status st = section_text(s, "issuer", &out->issuer);

    if (!st)
        st = section_issuer(s, out->issuer);
    if (st)
        return st;
    if (out->issuer[strlen(out->issuer) - 1] == '/')
        return section_wrong(s, "issuer", "ends with a slash");
    st = url_read(slice_of(out->issuer), &url);
    out->host = url.authority;
    out->https = url.tls;
    return st;
}

static enum status read_times(const struct section *s, struct settings *out)
{
    const struct {
        const char *key;
        long min, max;
        uint32_t *value;
    } times[] = {
        { "clock_skew", 0, 300, &out->clock_skew },
        { "token_max_lifetime", 1, 86400, &out->token_max_lifetime },
        { "pop_max_age", 1, 3600, &out->pop_max_age },
        { "challenge_lifetime", 1, 3600, &out->challenge_lifetime },
        { "request_lifetime", 1, 3600, &out->request_lifetime },
        { "binding_lifetime", 1, 86400, &out->binding_lifetime },
    };
    enum status st = ST_OK;

    for (size_t i = 0; i < sizeof times / sizeof *times && !st; i++)
        st = section_int(s, times[i].key, times[i].min, times[i].max, times[i].value);
    return st;
}

/* Left out, it is missed where a client's refresh tokens are to be sealed. */
static enum status read_seal(const struct section *s, struct settings *out)
{
    const char *folder = cfg_getstr(s->cfg, "seal_keyring");
    char why[CONFIG_WHY_MAX] = "";

    if (folder && keyring_read(folder, &out->seal, why, sizeof why))
        return section_wrong(s, "seal_keyring", why);
    return ST_OK;
}

static enum status read_upstreams(const struct section *top, struct settings *out)
{
    unsigned count = cfg_size(top->cfg, "upstream");
    enum status st = ST_OK;

    if (count == 0)
        return section_wrong(top, "upstream", "is needed");
    out->upstreams = calloc(count, sizeof *out->upstreams);
    if (!out->upstreams)
        return ST_NO_MEMORY;
    for (; out->upstream_count < count && !st; out->upstream_count++) {
        cfg_t *cfg = cfg_getnsec(top->cfg, "upstream", (unsigned)out->upstream_count);
        struct section s = { cfg, "upstream", cfg_title(cfg), top->why, top->why_cap };
        st = settings_upstream_read(&s, out, &out->upstreams[out->upstream_count]);
    }
    return st;
}

static enum status read_devices(const struct section *top, struct settings *out)
{
    const struct section s = { cfg_getsec(top->cfg, "device"), "section", "device", top->why,
                               top->why_cap };

    return settings_device_read(&s, out, &out->device);
}

static int by_id(const void *a, const void *b)
{
    return strcmp(((const struct client *)a)->id, ((const struct client *)b)->id);
}

static enum status read_clients(const struct section *top, struct settings *out)
{
    unsigned count = cfg_size(top->cfg, "client");
    enum status st = ST_OK;

    out->clients = calloc(count ? count : 1, sizeof *out->clients);
    if (!out->clients)
        return ST_NO_MEMORY;
    for (; out->client_count < count && !st; out->client_count++) {
        cfg_t *cfg = cfg_getnsec(top->cfg, "client", (unsigned)out->client_count);
        struct section s = { cfg, "client", cfg_title(cfg), top->why, top->why_cap };
        st = settings_client_read(&s, out, &out->clients[out->client_count]);
        out->token_algs |= JWT_ALG_BIT(out->clients[out->client_count].token_alg);
    }
    if (!st)
        qsort(out->clients, count, sizeof *out->clients, by_id);
    return st;
}

static enum status read_checks(const struct section *top, struct settings *out)
{
    unsigned count = cfg_size(top->cfg, "check");
    enum status st = ST_OK;

    out->checks = calloc(count ? count : 1, sizeof *out->checks);
    if (!out->checks)
        return ST_NO_MEMORY;
    for (; out->check_count < count && !st; out->check_count++) {
        cfg_t *cfg = cfg_getnsec(top->cfg, "check", (unsigned)out->check_count);
        struct section s = { cfg, "check", cfg_title(cfg), top->why, top->why_cap };
        st = settings_check_read(&s, out, &out->checks[out->check_count]);
    }
    return st;
}

enum status settings_load(cfg_t *cfg, struct log *log, struct folder_watch *watch, void **model,
                          char *why, size_t why_cap)
{
    (void)watch;
    const struct section top = { .cfg = cfg, .why = why, .why_cap = why_cap };
    struct settings *s = calloc(1, sizeof *s);
    enum status st = s ? read_issuer(&top, s) : ST_NO_MEMORY;

    (void)log;
    if (!st)
        st = read_times(&top, s);
    if (!st)
        st = read_upstreams(&top, s);
    if (!st)
        st = read_seal(&top, s);
    if (!st)
        st = read_devices(&top, s);
    if (!st)
        st = read_clients(&top, s);
    if (!st)
        st = read_checks(&top, s);
    if (st)
        settings_free(s);
    else
        *model = s;
    return st;
}

void settings_free(void *model)
{
    struct settings *s = model;

    if (!s)
        return;
    for (size_t i = 0; i < s->upstream_count; i++)
        settings_upstream_clear(&s->upstreams[i]);
    for (size_t i = 0; i < s->client_count; i++)
        settings_client_clear(&s->clients[i]);
    keyring_free(s->seal);
    settings_device_clear(&s->device);
    for (size_t i = 0; i < s->check_count; i++)
        settings_check_clear(&s->checks[i]);
    free(s->upstreams);
    free(s->clients);
    free(s->checks);
    free(s->issuer);
    free(s);
}

static int id_against(const void *id, const void *client)
{
    struct slice a = *(const struct slice *)id;
    struct slice b = slice_of(((const struct client *)client)->id);
    size_t common = a.len < b.len ? a.len : b.len;
    int order = common ? memcmp(a.data, b.data, common) : 0;

    return order ? order : (a.len > b.len) - (a.len < b.len);
}

const struct client *settings_client(const struct settings *s, struct slice id)
{
    if (s->client_count == 0)
        return NULL;
    return bsearch(&id, s->clients, s->client_count, sizeof *s->clients, id_against);
}

const struct client *settings_client_at(const struct settings *s, size_t upstream, struct slice id)
{
    const struct client *client = settings_client(s, id);

    return client && client->upstream == upstream ? client : NULL;
}

const struct check_policy *settings_check(const struct settings *s, struct slice name)
{
    for (size_t i = 0; i < s->check_count; i++)
        if (slice_is(name, s->checks[i].name))
            return &s->checks[i];
    return NULL;
}
