#include "token_keys.h"

#include <errno.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "atomic_file.h"
#include "jwk_private.h"
#include "registry_change.h"
#include "registry_private.h"

#define FOLDER ".keys"

struct token_keys {
    _Atomic unsigned holders;
    struct sources sources;
    struct signing_keys *of[JWT_ALG_COUNT];
};

static enum status path_of(char out[static PATH_MAX], const char *registry, const char *name,
                           char *why, size_t why_cap)
{
    int n = snprintf(out, PATH_MAX, "%s/" FOLDER "/%s", registry, name);

    if (n > 0 && n < PATH_MAX)
        return ST_OK;
    snprintf(why, why_cap, "%s: the path is too long", registry);
    return ST_TOO_LARGE;
}

static enum status check_alg(const struct signing_keys *k, enum jwt_alg alg, const char *path,
                             char *why, size_t why_cap)
{
    if (signing_keys_alg(k) == alg)
        return ST_OK;
    snprintf(why, why_cap, "%s: the current key is none for %s", path, jwt_alg_name(alg));
    return ST_INVALID;
}

static enum status read_alg(const char *registry, enum jwt_alg alg, struct token_keys *k, char *why,
                            size_t why_cap)
{
    char path[PATH_MAX];
    enum status st = path_of(path, registry, jwt_alg_name(alg), why, why_cap);

    if (st || access(path, F_OK) != 0)
        return st;
    st = signing_keys_read_noted(path, &k->sources, &k->of[alg], why, why_cap);
    return st ? st : check_alg(k->of[alg], alg, path, why, why_cap);
}

static enum status folder_of(char out[static PATH_MAX], const char *registry, char *why,
                             size_t why_cap)
{
    enum status st = path_of(out, registry, "", why, why_cap);

    if (!st)
        out[strlen(out) - 1] = '\0'; /* lstat would follow a link with a slash behind it */
    return st;
}

static enum status read_all(const char *registry, const char *folder, struct token_keys *k,
                            char *why, size_t why_cap)
{
    if (access(folder, F_OK) != 0)
        return ST_OK;
    enum status st = registry_enter(folder, &k->sources, why, why_cap);
    for (int alg = JWT_ES256; alg < JWT_ALG_COUNT && !st; alg++)
        st = read_alg(registry, (enum jwt_alg)alg, k, why, why_cap);
    return st;
}

/* Where there are none, they are not shared: none is soon read. */
static bool is_unchanged(const struct token_keys *former, const char *folder)
{
    return former && former->sources.len && sources_unchanged(&former->sources, folder);
}

static struct token_keys *token_keys_hold(struct token_keys *k)
{
    atomic_fetch_add_explicit(&k->holders, 1, memory_order_relaxed);
    return k;
}

enum status token_keys_renew(const char *registry, struct token_keys *former,
                             struct token_keys **out, char *why, size_t why_cap)
{
    char folder[PATH_MAX];
    enum status st = folder_of(folder, registry, why, why_cap);

    if (st)
        return st;
    if (is_unchanged(former, folder)) {
        *out = token_keys_hold(former);
        return ST_OK;
    }
    struct token_keys *k = calloc(1, sizeof *k);
    if (!k)
        return ST_NO_MEMORY;
    atomic_init(&k->holders, 1);
    k->sources = sources_begin(folder, NULL);
    st = read_all(registry, folder, k, why, why_cap);
    sources_end(&k->sources);
    if (st)
        token_keys_free(k);
    else
        *out = k;
    return st;
}

enum status token_keys_read(const char *registry, struct token_keys **out, char *why,
                            size_t why_cap)
{
    return token_keys_renew(registry, NULL, out, why, why_cap);
}

void token_keys_free(struct token_keys *k)
{
    if (!k || atomic_fetch_sub_explicit(&k->holders, 1, memory_order_acq_rel) != 1)
        return;
    for (int alg = 0; alg < JWT_ALG_COUNT; alg++)
        signing_keys_free(k->of[alg]);
    sources_clear(&k->sources);
    free(k);
}

struct signing_keys *token_keys_of(const struct token_keys *k, enum jwt_alg alg)
{
    return k->of[alg];
}

void token_keys_write_set(const struct token_keys *k, int64_t now, struct writer *w)
{
    struct json_writer j = json_writer_over(w);

    json_begin_object(&j, NULL);
    json_begin_array(&j, "keys");
    for (int alg = 0; alg < JWT_ALG_COUNT; alg++)
        if (k->of[alg])
            signing_keys_publish(k->of[alg], now, &j);
    json_end_array(&j);
    json_end_object(&j);
}

/* --- for attestctl --- */

static enum status write_public(const char *registry, int64_t now, char *why, size_t why_cap)
{
    char path[PATH_MAX], text[TOKEN_KEYS_JSON_MAX];
    struct writer w = writer_over(text, sizeof text);
    struct token_keys *k;
    enum status st = path_of(path, registry, "public.json", why, why_cap);

    if (!st)
        st = token_keys_read(registry, &k, why, why_cap);
    if (st)
        return st;
    token_keys_write_set(k, now, &w);
    token_keys_free(k);
    if (!atomic_file_write(path, writer_slice(&w)))
        return ST_OK;
    snprintf(why, why_cap, "%s: %s", path, strerror(errno));
    return ST_IO;
}

static enum status make_folders(const char *registry, char *why, size_t why_cap)
{
    char path[PATH_MAX];
    enum status st = path_of(path, registry, "", why, why_cap);

    if (!st)
        st = folder_make(registry, why, why_cap);
    return st ? st : folder_make(path, why, why_cap);
}

static enum status draw_into(const char *folder, enum key_type type, int64_t now,
                             int64_t verify_until, char kid[static KEYRING_KID_LEN + 1], char *why,
                             size_t why_cap)
{
    char text[JWK_PRIVATE_MAX];
    struct writer w = writer_over(text, sizeof text);
    enum status st = signing_key_draw(type, &w);

    if (st)
        snprintf(why, why_cap, "a key could not be drawn");
    else
        st = keyring_rotate(folder, writer_slice(&w), now, verify_until, kid, why, why_cap);
    secret_wipe(text, sizeof text);
    return st;
}

enum status token_keys_rotate(const char *registry, enum key_type type, int64_t now,
                              int64_t verify_until, char kid[static KEYRING_KID_LEN + 1], char *why,
                              size_t why_cap)
{
    struct registry_change turn;
    char folder[PATH_MAX];
    enum status st = path_of(folder, registry, jwt_alg_name(jwt_alg_of_key(type)), why, why_cap);

    if (!st)
        st = make_folders(registry, why, why_cap);
    if (!st)
        st = registry_change_begin(registry, &turn, why, why_cap);
    if (st)
        return st;
    st = draw_into(folder, type, now, verify_until, kid, why, why_cap);
    if (!st)
        st = write_public(registry, now, why, why_cap);
    registry_change_end(&turn);
    return st;
}
