#include "model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>

#include "secret.h"
#include "token_format.h"
#include "url.h"

static cfg_opt_t challenge_opts[] = { CFG_INT("ttl", 10, CFGF_NONE),
                                      CFG_INT("blocks", 64, CFGF_NONE),
                                      CFG_STR("pretence_key_file", NULL, CFGF_NONE), CFG_END() };

static cfg_opt_t record_opts[] = { CFG_STR("file", NULL, CFGF_NONE),
                                   CFG_INT("max_bytes", 64 * 1024 * 1024, CFGF_NONE), CFG_END() };

cfg_opt_t attestd_opts[] = { CONFIG_DAEMON_OPTS,
                             CFG_STR("issuer", NULL, CFGF_NONE),
                             CFG_STR("registry", NULL, CFGF_NONE),
                             CFG_INT("keys_max_age", 300, CFGF_NONE),
                             CFG_STR_LIST("pins", (char *)"{}", CFGF_NONE),
                             CFG_SEC("challenge", challenge_opts, CFGF_NONE),
                             CFG_SEC("record", record_opts, CFGF_NONE),
                             CFG_END() };

enum {
    TTL_MAX = 3600,
    AT_RANDOM_LEN = 16,
    RECORD_MIN = 64 * 1024,
    RECORD_MAX = 1024 * 1024 * 1024,
    KEYS_AGE_MAX = 86400
};

static enum status read_issuer(cfg_t *cfg, struct attestd_model *m, char *why, size_t why_cap)
{
    const char *issuer = cfg_getstr(cfg, "issuer");
    struct url url;

    if (issuer && !url_read(slice_of(issuer), &url) &&
        !slice_copy_text(slice_of(issuer), m->issuer, sizeof m->issuer))
        return ST_OK;
    snprintf(why, why_cap, "issuer: needs the URL that attestd is known by, at most %d bytes",
             ISSUER_URL_MAX);
    return ST_INVALID;
}

/* What the kernel gave this process and no other (getauxval(3)): the same after a reload. */
static void derive_draw_key(struct draw_key *out)
{
    const uint8_t *random = (const uint8_t *)getauxval(AT_RANDOM);
    struct digest key = crypto_hmac_sha256((struct slice){ random, AT_RANDOM_LEN },
                                           SLICE_LIT("vouchsafe pretence"));

    memcpy(out->bytes, key.bytes, sizeof out->bytes);
}

static enum status read_draw_key(cfg_t *challenge, struct draw_key *out, char *why, size_t why_cap)
{
    const char *path = cfg_getstr(challenge, "pretence_key_file");
    struct secret *secret;

    if (!path) {
        derive_draw_key(out);
        return ST_OK;
    }
    enum status st = secret_read_file(path, &secret);
    if (st) {
        snprintf(why, why_cap,
                 "challenge.pretence_key_file: %s: %s (%d bytes at least, readable by "
                 "nobody else)",
                 path, status_name(st), SECRET_LEN_MIN);
        return st;
    }
    struct digest key = crypto_sha256(secret_bytes(secret));
    secret_free(secret);
    memcpy(out->bytes, key.bytes, sizeof out->bytes);
    return ST_OK;
}

static enum status read_record(cfg_t *cfg, struct attestd_model *m, char *why, size_t why_cap)
{
    const char *file = cfg_getstr(cfg, "file");
    char reason[WHY_MAX];
    uint32_t max;
    enum status st = config_int(cfg, "max_bytes", RECORD_MIN, RECORD_MAX, &max, why, why_cap);

    if (st || !file)
        return st;
    st = recorder_new(file, max, &m->recorder, reason, sizeof reason);
    if (st)
        snprintf(why, why_cap, "record file: %s", reason);
    return st;
}

static enum status read_settings(cfg_t *cfg, struct attestd_model *m, char *why, size_t why_cap)
{
    cfg_t *challenge = cfg_getsec(cfg, "challenge");
    enum status st = read_issuer(cfg, m, why, why_cap);

    if (!st)
        st = config_int(challenge, "ttl", 1, TTL_MAX, &m->challenge_ttl, why, why_cap);
    if (!st)
        st = config_int(challenge, "blocks", 1, PROBE_BLOCKS_MAX, &m->blocks, why, why_cap);
    if (!st)
        st = read_draw_key(challenge, &m->draw_key, why, why_cap);
    if (!st)
        st = config_int(cfg, "keys_max_age", 0, KEYS_AGE_MAX, &m->keys_max_age, why, why_cap);
    if (!st)
        st = delivered_pins_read(cfg, &m->pins, why, why_cap);
    if (!st)
        st = read_record(cfg_getsec(cfg, "record"), m, why, why_cap);
    return st;
}

static enum status read_registry(struct attestd_model *m, const struct registry *former,
                                 struct log *log, struct folder_watch *watch, char *why,
                                 size_t why_cap)
{
    struct log_line line;
    enum status st = registry_renew(m->folder, former, watch, &m->registry, why, why_cap);

    if (st)
        return st;
    log_begin(&line, log, LOG_INFO, "registry read");
    log_int(&line, "apps", (int64_t)registry_count(m->registry));
    log_end(&line);
    return ST_OK;
}

static enum status read_folder(cfg_t *cfg, struct attestd_model *m, char *why, size_t why_cap)
{
    const char *folder = cfg_getstr(cfg, "registry");

    if (folder && !slice_copy_text(slice_of(folder), m->folder, sizeof m->folder))
        return ST_OK;
    snprintf(why, why_cap, "registry: needs the folder that attestctl keeps");
    return ST_INVALID;
}

enum status attestd_model_load(cfg_t *cfg, struct log *log, struct folder_watch *watch,
                               void **model, char *why, size_t why_cap)
{
    struct attestd_model *m = calloc(1, sizeof *m);

    if (!m)
        return ST_NO_MEMORY;
    enum status st = read_settings(cfg, m, why, why_cap);
    if (!st)
        st = read_folder(cfg, m, why, why_cap);
    if (!st)
        st = read_registry(m, NULL, log, watch, why, why_cap);
    if (!st)
        st = token_formats_fit(m->registry, slice_of(m->issuer), why, why_cap);
    if (st) {
        attestd_model_free(m);
        return st;
    }
    if (m->pins.count == 1)
        log_note(log, LOG_WARN, "one pin", "hint",
                 "deliver a second one, of a key kept in reserve, or the first cannot be changed");
    *model = m;
    return ST_OK;
}

enum status attestd_model_renew(const void *former, struct log *log, struct folder_watch *watch,
                                void **model, char *why, size_t why_cap)
{
    const struct attestd_model *before = former;
    struct attestd_model *m = malloc(sizeof *m);

    if (!m)
        return ST_NO_MEMORY;
    *m = *before;
    m->registry = NULL;
    m->recorder = recorder_hold(m->recorder);
    enum status st = read_registry(m, before->registry, log, watch, why, why_cap);
    if (!st)
        st = token_formats_fit(m->registry, slice_of(m->issuer), why, why_cap);
    if (st)
        attestd_model_free(m);
    else
        *model = m;
    return st;
}

void attestd_model_free(void *model)
{
    struct attestd_model *m = model;

    registry_free(m->registry);
    recorder_drop(m->recorder);
    free(m);
}

const struct attestd_model *attestd_model_of(const struct worker *w)
{
    return w->model->model;
}
