#include "settings_client.h"

#include <stdlib.h>
#include <string.h>

#include "client_auth.h"
#include "msg_challenge.h"
#include "possession.h"
#include "public_keys.h"
#include "settings_device.h"
#include "settings_scope.h"
#include "signing_keys.h"

cfg_opt_t settings_client_opts[] = {
    CFG_STR("upstream", NULL, CFGF_NONE),
    CFG_STR("keyring", NULL, CFGF_NONE),
    CFG_STR("token_alg", "HS256", CFGF_NONE),
    CFG_STR("token_keys", NULL, CFGF_NONE),
    CFG_STR("auth_method", "client_secret_basic", CFGF_NONE),
    CFG_STR("assertion_audience", "issuer", CFGF_NONE),
    CFG_INT("assertion_lifetime", 60, CFGF_NONE),
    CFG_STR("assertion_keyring", NULL, CFGF_NONE),
    CFG_STR("possession", "pop", CFGF_NONE),
    CFG_STR_LIST("grants", (char *)"{authorization_code, refresh_token}", CFGF_NONE),
    CFG_STR_LIST("scopes", (char *)"{}", CFGF_NONE),
    CFG_SEC("scope", settings_scope_opts, CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES),
    CFG_STR_LIST("redirect_uris", (char *)"{}", CFGF_NONE),
    SETTINGS_DEMANDS_OPTS,
    CFG_BOOL("limited_use", cfg_false, CFGF_NONE),
    CFG_BOOL("require_challenge", cfg_false, CFGF_NONE),
    CFG_BOOL("forward_attestation", cfg_false, CFGF_NONE),
    CFG_BOOL("seal_refresh", cfg_true, CFGF_NONE),
    CFG_BOOL("accept_unsealed_refresh", cfg_false, CFGF_NONE),
    SETTINGS_CLIENT_DEVICE_OPTS,
    CFG_END(),
};

static enum status read_client_upstream(const struct section *s, const struct settings *all,
                                        struct client *c)
{
    const char *name = cfg_getstr(s->cfg, "upstream");

    if (!name && all->upstream_count == 1)
        return ST_OK;
    for (c->upstream = 0; name && c->upstream < all->upstream_count; c->upstream++)
        if (strcmp(all->upstreams[c->upstream].name, name) == 0)
            return ST_OK;
    return section_wrong(s, "upstream", "names no upstream section");
}

static enum status read_client_key(const struct section *s, struct client *c)
{
    const char *folder = cfg_getstr(s->cfg, "assertion_keyring");
    char why[CONFIG_WHY_MAX] = "";

    if (!folder)
        return c->auth->needs_key ? section_wrong(s, "assertion_keyring", "is required") : ST_OK;
    if (!c->auth->needs_key)
        return section_wrong(s, "assertion_keyring", "is for private_key_jwt alone");
    if (signing_keys_read(folder, &c->key, why, sizeof why))
        return section_wrong(s, "assertion_keyring", why);
    return ST_OK;
}

static enum status read_client_auth(const struct section *s, struct client *c)
{
    c->auth = client_auth_find(cfg_getstr(s->cfg, "auth_method"));
    if (!c->auth)
        return section_wrong(s, "auth_method",
                             "is none of client_secret_basic, client_secret_post, "
                             "client_secret_jwt, private_key_jwt, none");
    enum status st = section_text(s, "assertion_audience", &c->assertion_audience);
    if (!st && !assertion_audience_ok(c->assertion_audience))
        st = section_wrong(s, "assertion_audience",
                           "is none of issuer, token_endpoint, called, nor a URI");
    if (!st)
        st = section_int(s, "assertion_lifetime", 1, 3600, &c->assertion_lifetime);
    return st ? st : read_client_key(s, c);
}

static enum status read_client_ways(const struct section *s, struct client *c)
{
    c->possession = possession_find(cfg_getstr(s->cfg, "possession"));
    if (!c->possession)
        return section_wrong(s, "possession", "is none of pop, dpop, any, both, none");
    return ST_OK;
}

static enum status read_client_words(const struct section *s, struct client *c)
{
    enum status st = section_words(s, "grants", &c->grants);

    if (!st && c->grants.count == 0)
        st = section_wrong(s, "grants", "is empty");
    if (!st)
        st = section_words(s, "scopes", &c->scopes);
    if (!st)
        st = settings_scopes_read(s, c);
    return st ? st : section_words(s, "redirect_uris", &c->redirect_uris);
}

static enum status read_client_demands(const struct section *s, const struct settings *all,
                                       struct client *c)
{
    c->require_challenge = cfg_getbool(s->cfg, "require_challenge");
    /* One proof has room for one nonce, and upstream may want its own there. */
    if (c->require_challenge && c->possession->dpop && all->upstreams[c->upstream].forward_dpop)
        return section_wrong(s, "require_challenge",
                             "does not go with DPoP proofs that upstream sees (forward_dpop)");
    c->forward_attestation = cfg_getbool(s->cfg, "forward_attestation");
    if (c->require_challenge && c->forward_attestation)
        return section_wrong(s, "require_challenge",
                             "does not go with proofs that upstream sees (forward_attestation)");
    c->limited_use = cfg_getbool(s->cfg, "limited_use");
    return section_demands(s, &c->demands);
}

static enum status read_client_refresh(const struct section *s, const struct settings *all,
                                       struct client *c)
{
    c->seal_refresh = cfg_getbool(s->cfg, "seal_refresh");
    c->accept_unsealed_refresh = cfg_getbool(s->cfg, "accept_unsealed_refresh");
    if (c->seal_refresh && !all->seal)
        return section_wrong(s, "seal_refresh",
                             "needs seal_keyring at the top of the file, or to be false");
    return ST_OK;
}

/* A secret that signs tokens, or that the server wants to see. */
static enum status read_keyring(const struct section *s, struct client *c)
{
    const char *folder = cfg_getstr(s->cfg, "keyring");
    char why[CONFIG_WHY_MAX] = "";

    if (!folder)
        return c->token_alg == JWT_HS256 || c->auth->needs_secret
                   ? section_wrong(s, "keyring", "is required")
                   : ST_OK;
    if (keyring_read(folder, &c->keyring, why, sizeof why))
        return section_wrong(s, "keyring", why);
    return ST_OK;
}

static enum status read_token_keys(const struct section *s, struct client *c)
{
    const char *path = cfg_getstr(s->cfg, "token_keys");
    char why[CONFIG_WHY_MAX] = "";

    if (jwt_alg_find(slice_of(cfg_getstr(s->cfg, "token_alg")), &c->token_alg))
        return section_wrong(s, "token_alg", "is none of HS256, ES256, EdDSA");
    if (c->token_alg == JWT_HS256)
        return path ? section_wrong(s, "token_keys", "is for ES256 and EdDSA alone") : ST_OK;
    if (!path)
        return section_wrong(s, "token_keys", "is required");
    if (public_keys_read(path, &c->token_keys, why, sizeof why))
        return section_wrong(s, "token_keys", why);
    return ST_OK;
}

enum status settings_client_read(const struct section *s, const struct settings *all,
                                 struct client *c)
{
    if (!client_id_ok(slice_of(s->title)))
        return section_wrong(s, "title", "is not a client id");
    c->id = strdup(s->title);
    enum status st = c->id ? read_client_upstream(s, all, c) : ST_NO_MEMORY;
    if (!st)
        st = read_client_auth(s, c);
    if (!st)
        st = read_client_ways(s, c);
    if (!st)
        st = read_client_words(s, c);
    if (!st)
        st = read_client_demands(s, all, c);
    if (!st)
        st = read_client_refresh(s, all, c);
    if (!st)
        st = read_token_keys(s, c);
    if (!st)
        st = settings_client_devices_read(s, all, c);
    return st ? st : read_keyring(s, c);
}

void settings_client_clear(struct client *c)
{
    free(c->id);
    keyring_free(c->keyring);
    public_keys_free(c->token_keys);
    signing_keys_free(c->key);
    free(c->assertion_audience);
    words_clear(&c->grants);
    words_clear(&c->scopes);
    settings_scopes_clear(c);
    words_clear(&c->redirect_uris);
    words_clear(&c->devices);
}
