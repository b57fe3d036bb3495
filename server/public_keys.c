#include "public_keys.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "jwk.h"

enum { FILE_MAX = 64 * 1024, KEYS_MAX = 64, WORD_MAX = 16 };

struct entry {
    char kid[JWT_KID_MAX + 1];
    struct public_key key;
    int64_t verify_until; /* INT64_MAX: no end is known */
};

struct public_keys {
    size_t count;
    struct entry entries[KEYS_MAX];
};

/* --- the file --- */

static enum status check_owner(int fd)
{
    struct stat info;

    if (fstat(fd, &info) != 0)
        return ST_IO;
    if (!S_ISREG(info.st_mode) || info.st_mode & (S_IWGRP | S_IWOTH))
        return ST_DENIED;
    return info.st_uid == geteuid() || info.st_uid == 0 ? ST_OK : ST_DENIED;
}

static enum status read_open(int fd, char *text, size_t cap, size_t *len)
{
    enum status st = check_owner(fd);

    for (*len = 0; !st && *len < cap;) {
        ssize_t n = read(fd, text + *len, cap - *len);
        if (n < 0)
            st = ST_IO;
        else if (n == 0)
            return ST_OK;
        else
            *len += (size_t)n;
    }
    return st ? st : ST_TOO_LARGE;
}

static enum status read_file(const char *path, char *text, size_t cap, size_t *len)
{
    /* Not to wait for a FIFO's writer: check_owner refuses it then. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    if (fd < 0)
        return errno == ENOENT ? ST_NOT_FOUND : errno == EACCES ? ST_DENIED : ST_IO;
    enum status st = read_open(fd, text, cap, len);
    close(fd);
    return st;
}

/* --- the set --- */

/* A member that must be this word, if it is there at all. */
static bool says(const cJSON *jwk, const char *name, const char *expected)
{
    struct slice word;

    return !json_get_optional_text(jwk, name, WORD_MAX, &word) &&
           (word.len == 0 || slice_is(word, expected));
}

static enum status read_until(const cJSON *jwk, int64_t *out)
{
    enum status st = json_get_int(jwk, "exp", 0, INT64_MAX, out);

    if (st == ST_NOT_FOUND)
        *out = INT64_MAX;
    return st == ST_NOT_FOUND ? ST_OK : st;
}

static enum status read_entry(const cJSON *jwk, struct entry *out)
{
    struct slice kid;
    enum status st = jwk_read(jwk, &out->key);

    if (st)
        return st;
    if (json_get_text(jwk, "kid", JWT_KID_MAX, &kid) || !says(jwk, "use", "sig") ||
        !says(jwk, "alg", jwt_alg_name(jwt_alg_of_key(out->key.type))) ||
        read_until(jwk, &out->verify_until))
        return ST_INVALID;
    return slice_copy_text(kid, out->kid, sizeof out->kid);
}

static bool is_known(const struct public_keys *k, const char *kid)
{
    for (size_t i = 0; i < k->count; i++)
        if (strcmp(k->entries[i].kid, kid) == 0)
            return true;
    return false;
}

static enum status add(struct public_keys *k, const cJSON *jwk)
{
    struct entry entry;
    enum status st = cJSON_IsObject(jwk) ? read_entry(jwk, &entry) : ST_INVALID;

    if (st)
        return st == ST_UNSUPPORTED ? ST_OK : st;
    if (is_known(k, entry.kid))
        return ST_INVALID;
    if (k->count == KEYS_MAX)
        return ST_TOO_LARGE;
    k->entries[k->count++] = entry;
    return ST_OK;
}

static enum status add_all(struct public_keys *k, const cJSON *set)
{
    const cJSON *list, *jwk;
    enum status st = json_get_array(set, "keys", &list);

    if (st)
        return ST_INVALID;
    cJSON_ArrayForEach(jwk, list)
    {
        st = add(k, jwk);
        if (st)
            return st;
    }
    return k->count ? ST_OK : ST_INVALID;
}

static enum status read_set(const char *path, struct public_keys *k)
{
    char *text = malloc(FILE_MAX + 1);
    size_t len = 0;
    cJSON *set = NULL;
    enum status st = text ? read_file(path, text, FILE_MAX + 1, &len) : ST_NO_MEMORY;

    if (!st)
        st = json_parse_object((struct slice){ (const uint8_t *)text, len }, &JSON_MESSAGE_LIMITS,
                               &set);
    free(text);
    if (st)
        return st;
    st = add_all(k, set);
    cJSON_Delete(set);
    return st;
}

static const char *trouble(enum status st)
{
    switch (st) {
    case ST_DENIED:
        return "it must be a file that none but this user and root may write";
    case ST_INVALID:
        return "it must be a set of public JWKs with kids, at least one for ES256 or EdDSA";
    default:
        return status_name(st);
    }
}

enum status public_keys_read(const char *path, struct public_keys **out, char *why, size_t why_cap)
{
    struct public_keys *k = calloc(1, sizeof *k);
    enum status st = k ? read_set(path, k) : ST_NO_MEMORY;

    if (st) {
        snprintf(why, why_cap, "%s: %s", path, trouble(st));
        public_keys_free(k);
    } else {
        *out = k;
    }
    return st;
}

void public_keys_free(struct public_keys *k)
{
    free(k);
}

const struct public_key *public_keys_find(const struct public_keys *k, struct slice kid,
                                          int64_t now)
{
    for (size_t i = 0; i < k->count; i++)
        if (slice_is(kid, k->entries[i].kid) && now < k->entries[i].verify_until)
            return &k->entries[i].key;
    return NULL;
}
