#include "keyring.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "atomic_file.h"
#include "base64url.h"
#include "config.h"
#include "keyring_private.h"

enum { KID_BYTES = KEYRING_KID_LEN * 3 / 4, CONF_MAX = (KEYRING_MAX + 1) * (JWT_KID_MAX + 64) };

static enum status failed(const char *path, char *why, size_t why_cap)
{
    snprintf(why, why_cap, "%s: %s", path, strerror(errno));
    return ST_IO;
}

/* Two who rotate at once take turns. The lock goes with the descriptor. */
static enum status open_locked(const char *folder, int *fd, char *why, size_t why_cap)
{
    if (mkdir(folder, 0700) != 0 && errno != EEXIST)
        return failed(folder, why, why_cap);
    *fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (*fd < 0)
        return failed(folder, why, why_cap);
    if (flock(*fd, LOCK_EX) == 0)
        return ST_OK;
    close(*fd);
    return failed(folder, why, why_cap);
}

/* The keyring as it is: without any secret where the folder is new. */
static enum status read_former(int fd, const char *folder, struct keyring **out, char *why,
                               size_t why_cap)
{
    struct stat info;

    *out = NULL;
    if (fstatat(fd, KEYRING_CONF, &info, AT_SYMLINK_NOFOLLOW) != 0 && errno == ENOENT)
        return ST_OK;
    return keyring_read(folder, out, why, why_cap);
}

static bool still_verifies(const struct keyring_entry *entry, int64_t now, int64_t verify_until)
{
    return (entry->verify_until == INT64_MAX ? verify_until : entry->verify_until) > now;
}

/* keyring.conf: the new one signs, the former ones verify as long as they may. */
static enum status write_conf(const struct keyring *former, const char *kid, int64_t now,
                              int64_t verify_until, struct writer *w)
{
    size_t kept = 1;

    writer_text(w, "current = \"");
    writer_text(w, kid);
    writer_text(w, "\"\n");
    for (size_t i = 0; former && i < former->count; i++) {
        const struct keyring_entry *entry = &former->entries[i];
        if (!still_verifies(entry, now, verify_until))
            continue;
        kept++;
        writer_text(w, "retired \"");
        writer_text(w, entry->kid);
        writer_text(w, "\" { verify_until = ");
        writer_decimal(w, entry->verify_until == INT64_MAX ? verify_until : entry->verify_until);
        writer_text(w, " }\n");
    }
    return kept > KEYRING_MAX || w->full ? ST_BUSY : ST_OK;
}

static enum status replace(const char *folder, const char *kid, struct slice secret,
                           struct slice conf, char *why, size_t why_cap)
{
    char secret_path[KEYRING_PATH_MAX], conf_path[KEYRING_PATH_MAX];

    if (keyring_path(folder, kid, secret_path) || keyring_path(folder, KEYRING_CONF, conf_path)) {
        errno = ENAMETOOLONG;
        return failed(folder, why, why_cap);
    }
    /* In this order a crash leaves at most a secret that nobody uses. */
    if (atomic_file_write(secret_path, secret))
        return failed(secret_path, why, why_cap);
    if (atomic_file_write(conf_path, conf)) {
        enum status st = failed(conf_path, why, why_cap);
        unlink(secret_path);
        return st;
    }
    return ST_OK;
}

static void forget(int fd, const struct keyring *former, int64_t now, int64_t verify_until)
{
    for (size_t i = 0; former && i < former->count; i++)
        if (!still_verifies(&former->entries[i], now, verify_until))
            unlinkat(fd, former->entries[i].kid, 0);
}

/* --- what a rotation that was killed has left --- */

static bool is_named(const struct keyring *keyring, const char *kid)
{
    for (size_t i = 0; keyring && i < keyring->count; i++)
        if (strcmp(keyring->entries[i].kid, kid) == 0)
            return true;
    return false;
}

/* Kids as draw_kid makes them: a file that an operator has put here is left alone. */
static bool is_drawn_kid(const char *name)
{
    uint8_t bytes[KID_BYTES];
    size_t len;

    return strlen(name) == KEYRING_KID_LEN &&
           base64url_decode(slice_of(name), bytes, sizeof bytes, &len) == ST_OK;
}

static void remove_leftovers(int fd, const struct keyring *keyring)
{
    int own = dup(fd);
    DIR *dir = own < 0 ? NULL : fdopendir(own);

    if (!dir)
        return;
    rewinddir(dir);
    for (const struct dirent *e = readdir(dir); e; e = readdir(dir))
        if (atomic_file_is_unfinished(e->d_name) ||
            (is_drawn_kid(e->d_name) && !is_named(keyring, e->d_name)))
            unlinkat(fd, e->d_name, 0);
    closedir(dir);
}

void keyring_sweep(const char *folder)
{
    struct keyring *keyring = NULL;
    char why[CONFIG_WHY_MAX];
    struct stat info;
    int fd;

    if (stat(folder, &info) != 0 || open_locked(folder, &fd, why, sizeof why))
        return;
    if (!read_former(fd, folder, &keyring, why, sizeof why))
        remove_leftovers(fd, keyring);
    keyring_free(keyring);
    close(fd);
}

static void draw_kid(char kid[static KEYRING_KID_LEN + 1])
{
    uint8_t random[KID_BYTES];

    crypto_random(random, sizeof random);
    base64url_encode(kid, (struct slice){ random, sizeof random });
}

static enum status check_secret(struct slice secret, char *why, size_t why_cap)
{
    if (secret.len < SECRET_LEN_MIN || secret.len > SECRET_LEN_MAX) {
        snprintf(why, why_cap, "a secret has %d to %d bytes, not %zu", SECRET_LEN_MIN,
                 SECRET_LEN_MAX, secret.len);
        return secret.len < SECRET_LEN_MIN ? ST_INVALID : ST_TOO_LARGE;
    }
    /* Readers take one newline at the end for the editor's. */
    if (secret.data[secret.len - 1] != '\n')
        return ST_OK;
    snprintf(why, why_cap, "a secret does not end with a newline");
    return ST_INVALID;
}

enum status keyring_rotate(const char *folder, struct slice secret, int64_t now,
                           int64_t verify_until, char kid[static KEYRING_KID_LEN + 1], char *why,
                           size_t why_cap)
{
    char text[CONF_MAX];
    struct writer conf = writer_over(text, sizeof text);
    struct keyring *former = NULL;
    int fd = -1;
    enum status st = check_secret(secret, why, why_cap);

    if (!st)
        st = open_locked(folder, &fd, why, why_cap);
    if (st)
        return st;
    st = read_former(fd, folder, &former, why, why_cap);
    if (!st) {
        remove_leftovers(fd, former);
        draw_kid(kid);
        st = write_conf(former, kid, now, verify_until, &conf);
        if (st)
            snprintf(why, why_cap, "%s: %d secrets still verify: wait until one may be forgotten",
                     folder, KEYRING_MAX);
    }
    if (!st)
        st = replace(folder, kid, secret, writer_slice(&conf), why, why_cap);
    if (!st)
        forget(fd, former, now, verify_until);
    keyring_free(former);
    close(fd);
    return st;
}
