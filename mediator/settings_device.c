#include "settings_device.h"

#include <stdlib.h>
#include <string.h>

#include "device_registry.h"
#include "listener.h"
#include "signing_keys.h"

cfg_opt_t settings_device_opts[] = {
    CFG_STR("registry", NULL, CFGF_NONE),
    CFG_STR_LIST("listen", (char *)"{}", CFGF_NONE),
    CFG_STR("token_keyring", NULL, CFGF_NONE),
    CFG_STR("resource_prefix", "urn:vouchsafe:device:", CFGF_NONE),
    CFG_INT("grant_max_lifetime", 86400, CFGF_NONE),
    CFG_INT("connections", 20000, CFGF_NONE),
    CFG_INT("handshakes", 1000, CFGF_NONE),
    CFG_INT("handshake_ms", 5000, CFGF_NONE),
    CFG_INT("heartbeat_s", 30, CFGF_NONE),
    CFG_INT("push_ms", 5000, CFGF_NONE),
    CFG_INT("locate_ms", 1000, CFGF_NONE),
    CFG_INT("pending", 8, CFGF_NONE),
    CFG_INT("queue", 8, CFGF_NONE),
    CFG_END(),
};

static enum status read_listen(const struct section *s, struct words *out)
{
    const char *why;
    enum status st = section_words(s, "listen", out);

    for (size_t i = 0; i < out->count && !st; i++)
        if (listener_check(out->list[i], &why))
            st = section_wrong(s, "listen", why);
    return st;
}

static enum status read_limits(const struct section *s, struct device_settings *d)
{
    const struct {
        const char *key;
        long min, max;
        uint32_t *value;
    } limits[] = {
        { "grant_max_lifetime", 1, DEVICE_LIFETIME_MAX, &d->grant_max_lifetime },
        { "connections", 1, 1000 * 1000, &d->connections },
        { "handshakes", 1, 1000 * 1000, &d->handshakes },
        { "handshake_ms", 1, 60 * 1000, &d->handshake_ms },
        { "heartbeat_s", 1, 3600, &d->heartbeat_s },
        { "push_ms", 1, 60 * 1000, &d->push_ms },
        { "locate_ms", 1, 60 * 1000, &d->locate_ms },
        { "pending", 1, 1000, &d->pending },
        { "queue", 1, 64, &d->queue },
    };
    enum status st = ST_OK;

    for (size_t i = 0; i < sizeof limits / sizeof *limits && !st; i++)
        st = section_int(s, limits[i].key, limits[i].min, limits[i].max, limits[i].value);
    return st;
}

/* Grants cross the store and other mediators sealed. */
static enum status read_keys(const struct section *s, const struct settings *all,
                             struct device_settings *d)
{
    const char *registry = cfg_getstr(s->cfg, "registry");
    const char *keyring = cfg_getstr(s->cfg, "token_keyring");
    char why[CONFIG_WHY_MAX] = "";

    if (!all->seal)
        return section_wrong(s, "registry", "needs seal_keyring at the top of the file");
    if (device_registry_read(registry, &d->registry, why, sizeof why))
        return section_wrong(s, "registry", why);
    if (keyring && signing_keys_read(keyring, &d->token_key, why, sizeof why))
        return section_wrong(s, "token_keyring", why);
    return ST_OK;
}

static enum status check_whole(const struct section *s, const struct device_settings *d)
{
    for (size_t i = 0; i < device_registry_count(d->registry); i++) {
        const struct device *device = device_registry_at(d->registry, i);
        if (device->mode == DEVICE_SEALED && !device->revoked && !d->token_key)
            return section_wrong(s, "token_keyring",
                                 "is required: the registry holds sealed devices");
    }
    return ST_OK;
}

enum status settings_device_read(const struct section *s, const struct settings *all,
                                 struct device_settings *out)
{
    enum status st = read_listen(s, &out->listen);

    if (!st)
        st = read_limits(s, out);
    if (!st)
        st = section_text(s, "resource_prefix", &out->resource_prefix);
    if (st)
        return st;
    if (!cfg_getstr(s->cfg, "registry"))
        return out->listen.count ? section_wrong(s, "registry", "is required with listen") : ST_OK;
    st = read_keys(s, all, out);
    return st ? st : check_whole(s, out);
}

void settings_device_clear(struct device_settings *d)
{
    device_registry_free(d->registry);
    signing_keys_free(d->token_key);
    words_clear(&d->listen);
    free(d->resource_prefix);
}

/* An id, or the beginning of ids with a '*' behind it. */
static bool is_pattern(const char *text)
{
    struct slice id = slice_of(text);

    if (id.len && id.data[id.len - 1] == '*')
        id.len--;
    return id.len == 0 ? *text == '*' : device_name_ok(id);
}

enum status settings_client_devices_read(const struct section *s, const struct settings *all,
                                         struct client *c)
{
    enum status st = section_words(s, "devices", &c->devices);

    for (size_t i = 0; i < c->devices.count && !st; i++)
        if (!is_pattern(c->devices.list[i]))
            st = section_wrong(s, "devices", "holds what is neither a device's id nor like door-*");
    if (!st && c->devices.count && !all->device.registry)
        st = section_wrong(s, "devices", "needs a device section with a registry");
    c->queue_grants = cfg_getbool(s->cfg, "queue_grants");
    return st ? st
              : section_int(s, "grant_max_lifetime", 0, DEVICE_LIFETIME_MAX,
                            &c->grant_max_lifetime);
}
