#include "confine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "confine_private.h"

cfg_opt_t config_confine_opts[] = {
    CFG_STR("mode", "on", CFGF_NONE),
    CFG_STR_LIST("read", (char *)"{\"/etc/vouchsafe\", \"/var/lib/vouchsafe\"}", CFGF_NONE),
    CFG_END()
};

enum { PATH_LEN_MAX = 4096 };

/* What libraries read while the daemon runs: names of hosts, certificates, its own figures. */
static const char *const of_the_system[] = {
    "/etc/hosts",
    "/etc/resolv.conf",
    "/run/systemd/resolve",
    "/etc/ssl",
    "/usr/share/ca-certificates",
    "/usr/lib/ssl",
    "/proc/self",
    "/dev/urandom",
    "/dev/null",
    "/sys/devices/system/cpu",
};

static const char *const by_every_daemon[] = { "log|file", NULL };

static const char *const modes[] = {
    [CONFINE_OFF] = "off", [CONFINE_ON] = "on", [CONFINE_REQUIRED] = "required"
};

static enum status read_mode(const char *word, enum confine_mode *out)
{
    for (unsigned i = 0; i < sizeof modes / sizeof modes[0]; i++)
        if (strcmp(word, modes[i]) == 0) {
            *out = (enum confine_mode)i;
            return ST_OK;
        }
    return ST_INVALID;
}

enum status config_confine_read(cfg_t *sec, struct confine_settings *out, char *why, size_t why_cap)
{
    const char *mode = cfg_getstr(sec, "mode");

    if (read_mode(mode, &out->mode)) {
        snprintf(why, why_cap, "confine mode must be off, on or required, not \"%s\"", mode);
        return ST_INVALID;
    }
    out->read_count = cfg_size(sec, "read");
    out->read = calloc(out->read_count + 1, sizeof *out->read);
    if (!out->read)
        return ST_NO_MEMORY;
    for (size_t i = 0; i < out->read_count; i++) {
        out->read[i] = cfg_getnstr(sec, "read", (unsigned)i);
        if (out->read[i][0] != '/') {
            snprintf(why, why_cap, "confine read \"%s\" is no absolute path", out->read[i]);
            return ST_INVALID;
        }
    }
    return ST_OK;
}

/* The folder that a path lies in, links followed; false if it is the root or cannot be known. */
static bool folder_of(const char *path, char folder[static PATH_LEN_MAX])
{
    size_t len = strlen(path);

    while (len && path[len - 1] != '/')
        len--;
    while (len > 1 && path[len - 1] == '/')
        len--;
    if (len <= 1 || len >= PATH_LEN_MAX)
        return false;
    memcpy(folder, path, len);
    folder[len] = '\0';
    return true;
}

/* What a text names, if it names something. A file is replaced by another of its name: its folder
 * has to be open, unless that is the whole system's. */
static void allow_named(int rules, const char *text)
{
    char folder[PATH_LEN_MAX];
    struct stat info;

    if (stat(text, &info) != 0 || strcmp(text, "/") == 0)
        return;
    if (S_ISREG(info.st_mode) && folder_of(text, folder) && strcmp(folder, "/etc") != 0)
        confine_files_read(rules, folder);
    else
        confine_files_read(rules, text);
}

static void allow_option(int rules, cfg_opt_t *option);

static void allow_section(int rules, cfg_t *cfg)
{
    for (cfg_opt_t *option = cfg->opts; option->name; option++)
        allow_option(rules, option);
}

static void allow_option(int rules, cfg_opt_t *option)
{
    for (unsigned i = 0; i < cfg_opt_size(option); i++) {
        const char *text = option->type == CFGT_STR ? cfg_opt_getnstr(option, i) : NULL;
        if (text && strcmp(option->name, "prefix") != 0) /* of URLs */
            allow_named(rules, text);
        if (option->type == CFGT_SEC && strcmp(option->name, "confine") != 0)
            allow_section(rules, cfg_opt_getnsec(option, i));
    }
}

static void allow_written(int rules, cfg_t *cfg, const char *const *keys)
{
    char folder[PATH_LEN_MAX];

    for (; keys && *keys; keys++) {
        const char *path = cfg_getstr(cfg, *keys);
        if (path && folder_of(path, folder))
            confine_files_write(rules, folder);
    }
}

static enum status confine_files(const struct confine_scope *scope)
{
    char *path = realpath(scope->path, NULL);
    int rules;
    enum status st = path ? confine_files_begin(&rules) : ST_IO;

    if (!st) {
        for (size_t i = 0; i < sizeof of_the_system / sizeof of_the_system[0]; i++)
            confine_files_read(rules, of_the_system[i]);
        for (size_t i = 0; i < scope->settings->read_count; i++)
            confine_files_read(rules, scope->settings->read[i]);
        allow_named(rules, path);
        allow_section(rules, scope->cfg);
        allow_written(rules, scope->cfg, by_every_daemon);
        allow_written(rules, scope->cfg, scope->written);
        st = confine_files_end(rules, true);
    }
    free(path);
    return st;
}

/* A part that is not to be had: the end, or a line in the log. */
static enum status judge(enum status st, const char *part, const struct confine_settings *settings,
                         struct log *log, char *why, size_t why_cap)
{
    if (!st)
        return ST_OK;
    if (settings->mode == CONFINE_REQUIRED) {
        snprintf(why, why_cap, "confine: %s: %s", part, status_name(st));
        return st;
    }
    log_note(log, LOG_WARN, "not confined", "part", part);
    return ST_OK;
}

enum status confine(const struct confine_scope *scope, struct log *log, char *why, size_t why_cap)
{
    const struct confine_settings *settings = scope->settings;

    if (settings->mode == CONFINE_OFF)
        return ST_OK;
    enum status st = judge(confine_files(scope), "files", settings, log, why, why_cap);
    if (!st)
        st = judge(confine_calls(), "system calls", settings, log, why, why_cap);
    return st;
}
