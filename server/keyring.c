#include "keyring.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config.h"
#include "keyring_private.h"

enum status keyring_path(const char *folder, const char *name, char out[static KEYRING_PATH_MAX])
{
    int n = snprintf(out, KEYRING_PATH_MAX, "%s/%s", folder, name);

    return n > 0 && n < KEYRING_PATH_MAX ? ST_OK : ST_TOO_LARGE;
}

/* A kid is a file's name: it must not lead elsewhere, nor be hidden or keyring.conf. */
static bool is_kid(const char *text)
{
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
    size_t len = strlen(text);

    return len > 0 && len <= JWT_KID_MAX && strspn(text, allowed) == len;
}

static enum status check_folder(const char *folder, char *why, size_t why_cap)
{
    struct stat info;

    if (stat(folder, &info) != 0) {
        enum status st = errno == ENOENT ? ST_NOT_FOUND : ST_IO;
        snprintf(why, why_cap, "%s: %s", folder, strerror(errno));
        return st;
    }
    if (S_ISDIR(info.st_mode) && !(info.st_mode & (S_IRWXG | S_IRWXO)) &&
        (info.st_uid == geteuid() || info.st_uid == 0))
        return ST_OK;
    snprintf(why, why_cap, "%s: it must be a folder of this user that nobody else may enter",
             folder);
    return ST_DENIED;
}

static const char *secret_trouble(enum status st)
{
    switch (st) {
    case ST_DENIED:
        return "it must be a file of this user that nobody else may read";
    case ST_INVALID:
        return "a secret has at least 32 bytes";
    case ST_TOO_LARGE:
        return "a secret has at most 512 bytes";
    default:
        return status_name(st);
    }
}

static enum status add_entry(struct keyring *k, const char *folder, const char *kid,
                             int64_t verify_until, char *why, size_t why_cap)
{
    struct keyring_entry *entry = &k->entries[k->count];
    char path[KEYRING_PATH_MAX];

    if (!kid || !is_kid(kid) || keyring_path(folder, kid, path)) {
        snprintf(why, why_cap, "%s/" KEYRING_CONF ": \"%s\" is no kid", folder, kid ? kid : "");
        return ST_INVALID;
    }
    if (k->count == KEYRING_MAX) {
        snprintf(why, why_cap, "%s/" KEYRING_CONF ": more than %d secrets", folder, KEYRING_MAX);
        return ST_TOO_LARGE;
    }
    enum status st = secret_read_file(path, &entry->secret);
    if (st) {
        snprintf(why, why_cap, "%s: %s", path, secret_trouble(st));
        return st;
    }
    strcpy(entry->kid, kid);
    entry->verify_until = verify_until;
    k->count++;
    return ST_OK;
}

static enum status add_entries(struct keyring *k, const char *folder, cfg_t *cfg, char *why,
                               size_t why_cap)
{
    enum status st = add_entry(k, folder, cfg_getstr(cfg, "current"), INT64_MAX, why, why_cap);

    for (unsigned i = 0; !st && i < cfg_size(cfg, "retired"); i++) {
        cfg_t *retired = cfg_getnsec(cfg, "retired", i);
        if (strcmp(cfg_title(retired), k->entries[0].kid) == 0) {
            snprintf(why, why_cap, "%s/" KEYRING_CONF ": \"%s\" is both current and retired",
                     folder, cfg_title(retired));
            return ST_INVALID;
        }
        st = add_entry(k, folder, cfg_title(retired), cfg_getint(retired, "verify_until"), why,
                       why_cap);
    }
    return st;
}

static enum status parse_conf(const char *folder, cfg_t **out, char *why, size_t why_cap)
{
    cfg_opt_t retired_opts[] = { CFG_INT("verify_until", 0, CFGF_NONE), CFG_END() };
    cfg_opt_t opts[] = {
        CFG_STR("current", NULL, CFGF_NONE),
        CFG_SEC("retired", retired_opts, CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES), CFG_END()
    };
    char path[KEYRING_PATH_MAX];

    if (keyring_path(folder, KEYRING_CONF, path)) {
        snprintf(why, why_cap, "%s: the path is too long", folder);
        return ST_TOO_LARGE;
    }
    return config_parse(path, opts, out, why, why_cap);
}

enum status keyring_read(const char *folder, struct keyring **out, char *why, size_t why_cap)
{
    cfg_t *cfg;
    enum status st = check_folder(folder, why, why_cap);

    if (!st)
        st = parse_conf(folder, &cfg, why, why_cap);
    if (st)
        return st;
    snprintf(why, why_cap, "no memory");
    struct keyring *k = calloc(1, sizeof *k);
    st = k ? add_entries(k, folder, cfg, why, why_cap) : ST_NO_MEMORY;
    cfg_free(cfg);
    if (st)
        keyring_free(k);
    else
        *out = k;
    return st;
}

void keyring_free(struct keyring *k)
{
    if (!k)
        return;
    for (size_t i = 0; i < k->count; i++)
        secret_free(k->entries[i].secret);
    free(k);
}

size_t keyring_count(const struct keyring *k)
{
    return k->count;
}

const char *keyring_kid_at(const struct keyring *k, size_t i)
{
    return k->entries[i].kid;
}

struct slice keyring_secret_at(const struct keyring *k, size_t i)
{
    return secret_bytes(k->entries[i].secret);
}

int64_t keyring_verify_until_at(const struct keyring *k, size_t i)
{
    return k->entries[i].verify_until;
}

const char *keyring_current_kid(const struct keyring *k)
{
    return k->entries[0].kid;
}

struct slice keyring_current_secret(const struct keyring *k)
{
    return secret_bytes(k->entries[0].secret);
}

bool keyring_find(const struct keyring *k, struct slice kid, int64_t now, struct slice *secret)
{
    for (size_t n = 0; n < k->count; n++) {
        const struct keyring_entry *entry = &k->entries[n];
        if (slice_is(kid, entry->kid) && now < entry->verify_until) {
            *secret = secret_bytes(entry->secret);
            return true;
        }
    }
    return false;
}

bool keyring_lookup_fn(void *arg, struct slice kid, const struct public_key *header_jwk, unsigned i,
                       struct jwt_key *out)
{
    const struct keyring_lookup *lookup = arg;

    (void)header_jwk;
    *out = (struct jwt_key){ .alg = JWT_HS256 };
    return i == 0 && keyring_find(lookup->keyring, kid, lookup->now, &out->secret);
}
