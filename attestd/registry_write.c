#include "registry_write.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "atomic_file.h"
#include "policy_key.h"
#include "registry_app.h"
#include "registry_change.h"
#include "registry_conf.h"

enum { CLOCK_SKEW = 60 };

/* --- apps --- */

/* app.conf comes last: writing it syncs the folder, and with it what else is in it. */
static enum status fill_app(const char *folder, const struct app *app, struct slice secret,
                            int64_t now, char *why, size_t why_cap)
{
    char secrets[PATH_MAX], builds[PATH_MAX], kid[KEYRING_KID_LEN + 1];

    if (path_join(secrets, folder, "secrets") || path_join(builds, folder, "builds"))
        return change_refused(ST_TOO_LARGE, why, why_cap, folder, "the path is too long");
    enum status st = folder_make(builds, why, why_cap);
    if (!st)
        st = keyring_rotate(secrets, secret, now, now, kid, why, why_cap);
    return st ? st : registry_conf_write_app(folder, app, why, why_cap);
}

static enum status check_new_app(const struct new_app *app, char *why, size_t why_cap)
{
    /* Readers skip hidden names. */
    if (!client_id_ok(slice_of(app->client_id)) || app->client_id[0] == '.')
        return change_refused(
            ST_INVALID, why, why_cap, app->client_id,
            "a client id is made of letters, digits and -._~, at most 128, no dot first");
    if (strlen(app->name) > APP_NAME_MAX || !is_one_line(app->name))
        return change_refused(ST_INVALID, why, why_cap, app->name,
                              "a name is a line of at most 64 bytes");
    return ST_OK;
}

static enum status settings_of(const struct new_app *new, struct app *out, char *why,
                               size_t why_cap)
{
    char lifetime[48];

    *out = (struct app){ .policy = POLICY_DEFAULT, .token_alg = new->token_alg };
    enum status st = slice_copy_text(slice_of(new->name), out->name, sizeof out->name);
    if (st || new->token_lifetime == 0)
        return st;
    snprintf(lifetime, sizeof lifetime, "token_lifetime=%lld", (long long)new->token_lifetime);
    return policy_key_assign(&out->policy, &out->stated, lifetime, why, why_cap);
}

/* rename() replaces no folder that has something in it, and every app's has. */
static enum status place_app(const char *hidden, const char *place, char *why, size_t why_cap)
{
    enum status st = atomic_file_move(hidden, place);

    return st ? change_refused(st, why, why_cap, place,
                               st == ST_EXISTS ? "is registered already" : strerror(errno))
              : ST_OK;
}

static enum status store_app(const char *registry, const struct new_app *new, int64_t now,
                             char *why, size_t why_cap)
{
    char hidden[PATH_MAX], place[PATH_MAX];
    struct app app;
    enum status st = settings_of(new, &app, why, why_cap);

    if (!st && path_join(place, registry, new->client_id))
        st = change_refused(ST_TOO_LARGE, why, why_cap, registry, "the path is too long");
    if (!st)
        st = folder_make_hidden(registry, hidden, why, why_cap);
    if (st)
        return st;
    st = fill_app(hidden, &app, new->secret, now, why, why_cap);
    if (!st)
        st = place_app(hidden, place, why, why_cap);
    if (st)
        folder_remove_tree(hidden);
    return st;
}

enum status registry_add_app(const char *registry, const struct new_app *app, int64_t now,
                             char *why, size_t why_cap)
{
    struct registry_change change;
    enum status st = check_new_app(app, why, why_cap);

    if (!st)
        st = folder_make(registry, why, why_cap);
    if (!st)
        st = registry_change_begin(registry, &change, why, why_cap);
    if (st)
        return st;
    st = store_app(registry, app, now, why, why_cap);
    registry_change_end(&change);
    return st;
}

enum status registry_remove_app(const char *registry, const char *client_id, char *why,
                                size_t why_cap)
{
    struct registry_change change;
    enum status st = registry_change_app(registry, client_id, &change, why, why_cap);

    if (st)
        return st;
    st = folder_retire(registry, change.app, why, why_cap);
    registry_change_end(&change);
    return st;
}

/* --- settings --- */

static enum status change_policy(const char *folder, const char *client_id,
                                 const char *const *assignments, size_t count, char *why,
                                 size_t why_cap)
{
    struct app app;
    enum status st = registry_app_read(folder, client_id, &app, why, why_cap);

    if (st)
        return st;
    for (size_t i = 0; i < count && !st; i++)
        st = policy_key_assign(&app.policy, &app.stated, assignments[i], why, why_cap);
    if (!st)
        st = registry_conf_write_app(folder, &app, why, why_cap);
    registry_app_clear(&app);
    return st;
}

enum status registry_set_policy(const char *registry, const char *client_id,
                                const char *const *assignments, size_t count, char *why,
                                size_t why_cap)
{
    struct registry_change change;
    enum status st = registry_change_app(registry, client_id, &change, why, why_cap);

    if (st)
        return st;
    st = change_policy(change.app, client_id, assignments, count, why, why_cap);
    registry_change_end(&change);
    return st;
}

/* --- secrets --- */

static enum status rotate(const char *folder, const char *client_id, struct slice secret,
                          int64_t now, char *why, size_t why_cap)
{
    char secrets[PATH_MAX], kid[KEYRING_KID_LEN + 1];
    struct app app;
    enum status st = registry_app_read(folder, client_id, &app, why, why_cap);

    if (st)
        return st;
    int64_t last = now + app.policy.token_lifetime + CLOCK_SKEW;
    registry_app_clear(&app);
    if (path_join(secrets, folder, "secrets"))
        return change_refused(ST_TOO_LARGE, why, why_cap, folder, "the path is too long");
    return keyring_rotate(secrets, secret, now, last, kid, why, why_cap);
}

enum status registry_rotate_secret(const char *registry, const char *client_id, struct slice secret,
                                   int64_t now, char *why, size_t why_cap)
{
    struct registry_change change;
    enum status st = registry_change_app(registry, client_id, &change, why, why_cap);

    if (st)
        return st;
    st = rotate(change.app, client_id, secret, now, why, why_cap);
    registry_change_end(&change);
    return st;
}

void registry_secret_path(const char *registry, const char *client_id, const char *kid, char *out,
                          size_t cap)
{
    snprintf(out, cap, "%s/%s/secrets/%s", registry, client_id, kid);
}
