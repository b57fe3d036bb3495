#include "app_audience.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "msg_attestation.h"

/* What goes into a URL, and no more: nothing in it needs an escape, in a file or a token. */
static bool is_audience(const char *text)
{
    size_t len = strlen(text);

    for (size_t i = 0; i < len; i++)
        if (text[i] <= ' ' || text[i] > '~' || strchr("\"\\$", text[i]))
            return false;
    return len > 0 && len <= AUDIENCE_MAX;
}

enum status app_audience_add(struct app *app, const char *audience, char *why, size_t why_cap)
{
    if (!is_audience(audience)) {
        snprintf(why, why_cap, "audiences: \"%.64s\" is no URL of at most %d characters", audience,
                 AUDIENCE_MAX);
        return ST_INVALID;
    }
    if (app->audience_count == AUDIENCES_MAX) {
        snprintf(why, why_cap, "audiences: more than %d", AUDIENCES_MAX);
        return ST_INVALID;
    }
    if (!app->audiences)
        app->audiences = calloc(AUDIENCES_MAX, sizeof *app->audiences);
    char *copy = app->audiences ? strdup(audience) : NULL;
    if (!copy)
        return ST_NO_MEMORY;
    app->audiences[app->audience_count++] = copy;
    return ST_OK;
}

void app_audiences_clear(struct app *app)
{
    for (size_t i = 0; i < app->audience_count; i++)
        free(app->audiences[i]);
    free(app->audiences);
    app->audiences = NULL;
    app->audience_count = 0;
}
