#include "registry_set.h"

#include "app_audience.h"
#include "registry_app.h"
#include "registry_change.h"
#include "registry_conf.h"

static enum status change_alg(struct app *app, const char *alg, char *why, size_t why_cap)
{
    if (!jwt_alg_find(slice_of(alg), &app->token_alg))
        return ST_OK;
    return change_refused(ST_INVALID, why, why_cap, "token_alg", "none of HS256, ES256 and EdDSA");
}

static enum status change_audiences(struct app *app, const struct app_changes *changes, char *why,
                                    size_t why_cap)
{
    enum status st = ST_OK;

    app_audiences_clear(app);
    for (size_t i = 0; i < changes->audience_count && !st; i++)
        st = app_audience_add(app, changes->audiences[i], why, why_cap);
    return st;
}

static enum status change(const char *folder, const char *client_id,
                          const struct app_changes *changes, char *why, size_t why_cap)
{
    struct app app;
    enum status st = registry_app_read(folder, client_id, &app, why, why_cap);

    if (st)
        return st;
    if (changes->token_alg)
        st = change_alg(&app, changes->token_alg, why, why_cap);
    if (!st && changes->set_audiences)
        st = change_audiences(&app, changes, why, why_cap);
    if (!st)
        st = registry_conf_write_app(folder, &app, why, why_cap);
    registry_app_clear(&app);
    return st;
}

enum status registry_set_app(const char *registry, const char *client_id,
                             const struct app_changes *changes, char *why, size_t why_cap)
{
    struct registry_change turn;
    enum status st = registry_change_app(registry, client_id, &turn, why, why_cap);

    if (st)
        return st;
    st = change(turn.app, client_id, changes, why, why_cap);
    registry_change_end(&turn);
    return st;
}
