#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "keyring_private.h"
#include "record.h"

/* A kid is a file's name: it must not lead elsewhere, nor be hidden or keyring.conf. */
static bool is_kid(const char *text)
{
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
    size_t len = strlen(text);

    return len > 0 && len <= JWT_KID_MAX && strspn(text, allowed) == len;
}

struct reading {
    const char *folder;
    struct sources *sources;
    char *why;
    size_t why_cap;
};

static enum status refused(const struct reading *r, enum status st, const char *path,
                           const char *reason)
{
    snprintf(r->why, r->why_cap, "%s: %s", path, reason);
    return st;
}

static enum status check_folder(const struct reading *r)
{
    struct stat info;

    sources_enter(r->sources, r->folder);
    if (stat(r->folder, &info) != 0)
        return refused(r, errno == ENOENT ? ST_NOT_FOUND : ST_IO, r->folder, strerror(errno));
    sources_add(r->sources, r->folder, &info);
    if (S_ISDIR(info.st_mode) && sources_private(r->sources, &info))
        return ST_OK;
    return refused(r, ST_DENIED, r->folder,
                   "it must be a folder of this user that nobody else may enter");
}

/* --- keyring.conf --- */

struct named {
    const char *kid;
    int64_t verify_until;
};

/* What keyring.conf says, in its text. */
struct conf {
    struct record_text text;
    size_t count; /* the current one is the first, if there is any */
    struct named named[KEYRING_MAX];
};

enum { CURRENT, RETIRED };

static const struct record_key retired_keys[] = { { "verify_until", RECORD_NUMBER, NULL },
                                                  { .name = NULL } };
static const struct record_key conf_keys[] = {
    [CURRENT] = { "current", RECORD_TEXT, NULL },
    [RETIRED] = { "retired", RECORD_SECTION, retired_keys },
    { .name = NULL },
};

static bool is_named(const struct conf *conf, const char *kid)
{
    for (size_t i = 0; i < conf->count; i++)
        if (conf->named[i].kid && strcmp(conf->named[i].kid, kid) == 0)
            return true;
    return false;
}

static enum status take_item(void *arg, const struct record_item *item, char *why, size_t why_cap)
{
    struct conf *conf = arg;
    const char *kid = item->key == CURRENT ? item->value.text : item->title;

    if (!is_kid(kid)) {
        snprintf(why, why_cap, "\"%.64s\" is no kid", kid);
        return ST_INVALID;
    }
    if (is_named(conf, kid)) {
        snprintf(why, why_cap,
                 "\"%s\" is named twice: it is both current and retired, or retired "
                 "twice",
                 kid);
        return ST_INVALID;
    }
    if (item->key == CURRENT) {
        conf->named[0] = (struct named){ kid, INT64_MAX };
        return ST_OK;
    }
    if (conf->count == KEYRING_MAX) {
        snprintf(why, why_cap, "more than %d secrets", KEYRING_MAX);
        return ST_TOO_LARGE;
    }
    conf->named[conf->count++] = (struct named){ kid, item->inner[0].number };
    return ST_OK;
}

static enum status parse_conf(const struct reading *r, const char *path, struct conf *out)
{
    out->count = 1;
    out->named[0].kid = NULL;
    enum status st = record_parse(&out->text, path, conf_keys, take_item, out, r->why, r->why_cap);
    if (!st && !out->named[0].kid)
        st = refused(r, ST_INVALID, path, "it names no current secret");
    return st;
}

static enum status load_conf(const struct reading *r, int fd, const char *path,
                             struct record_text *out)
{
    struct stat info;

    if (fstat(fd, &info) != 0)
        return refused(r, ST_IO, path, strerror(errno));
    if (!S_ISREG(info.st_mode))
        return refused(r, ST_INVALID, path, "it is no file");
    sources_add(r->sources, path, &info);
    return record_load(fd, (size_t)info.st_size, path, out, r->why, r->why_cap);
}

static enum status read_conf(const struct reading *r, struct conf *out)
{
    char path[KEYRING_PATH_MAX];

    if (keyring_path(r->folder, KEYRING_CONF, path))
        return refused(r, ST_TOO_LARGE, r->folder, "the path is too long");
    /* Not to wait for a FIFO's writer. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return refused(r, errno == ENOENT ? ST_NOT_FOUND : ST_IO, path, strerror(errno));
    enum status st = load_conf(r, fd, path, &out->text);
    close(fd);
    return st ? st : parse_conf(r, path, out);
}

/* --- secrets --- */

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

static enum status status_of_open(int error)
{
    switch (error) {
    case ENOENT:
        return ST_NOT_FOUND;
    case EACCES:
    case ELOOP:
        return ST_DENIED;
    default:
        return ST_IO;
    }
}

static enum status read_secret(const struct reading *r, const char *path, struct secret **out)
{
    struct stat info;
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);

    if (fd < 0)
        return status_of_open(errno);
    enum status st = fstat(fd, &info) == 0 ? ST_OK : ST_IO;
    if (!st) {
        sources_add(r->sources, path, &info);
        st = S_ISREG(info.st_mode) && sources_private(r->sources, &info) ? ST_OK : ST_DENIED;
    }
    if (!st)
        st = secret_read_open(fd, (size_t)info.st_size, out);
    close(fd);
    return st;
}

static enum status add_entry(const struct reading *r, const struct named *named, struct keyring *k)
{
    struct keyring_entry *entry = &k->entries[k->count];
    char path[KEYRING_PATH_MAX];

    if (keyring_path(r->folder, named->kid, path))
        return refused(r, ST_TOO_LARGE, r->folder, "the path is too long");
    enum status st = read_secret(r, path, &entry->secret);
    if (st)
        return refused(r, st, path, secret_trouble(st));
    strcpy(entry->kid, named->kid);
    entry->verify_until = named->verify_until;
    k->count++;
    return ST_OK;
}

static enum status read_secrets(const struct reading *r, const struct conf *conf,
                                struct keyring **out)
{
    struct keyring *k = calloc(1, sizeof *k + conf->count * sizeof k->entries[0]);
    enum status st = k ? ST_OK : refused(r, ST_NO_MEMORY, r->folder, "no memory");

    for (size_t i = 0; i < conf->count && !st; i++)
        st = add_entry(r, &conf->named[i], k);
    if (st)
        keyring_free(k);
    else
        *out = k;
    return st;
}

enum status keyring_read_noted(const char *folder, struct sources *sources, struct keyring **out,
                               char *why, size_t why_cap)
{
    const struct reading r = { folder, sources, why, why_cap };
    struct conf conf;
    enum status st = check_folder(&r);

    if (!st)
        st = read_conf(&r, &conf);
    return st ? st : read_secrets(&r, &conf, out);
}

enum status keyring_read(const char *folder, struct keyring **out, char *why, size_t why_cap)
{
    return keyring_read_noted(folder, NULL, out, why, why_cap);
}
