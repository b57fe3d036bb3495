#include "login.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FORM_MAX = 4096, URL_MAX = 512 };

static int fail(struct login_result *out, const char *what, const char *detail)
{
    snprintf(out->line, sizeof out->line, "%s %s", what, detail);
    return -1;
}

/* An error of the SDK, with what attestd said if it was a refusal. */
static int fail_with(struct login *l, struct login_result *out, enum vouchsafe_error error)
{
    struct vouchsafe_refusal refusal;

    vouchsafe_client_refusal(l->client, &refusal);
    if (error != VOUCHSAFE_REFUSED && error != VOUCHSAFE_UNAVAILABLE)
        return fail(out, "app", vouchsafe_error_text(error));
    snprintf(out->line, sizeof out->line, "%s (error_id %s)", refusal.error, refusal.error_id);
    return -1;
}

static const char *member(const cJSON *json, const char *name)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(json, name));

    return text ? text : "";
}

/* Posts a form to the mediator. 0 with the answer's JSON if it is of the expected status. */
static int post(struct login *l, const char *path, const char *form, int expected, cJSON **json,
                struct login_result *out)
{
    struct vouchsafe_response response;
    char url[URL_MAX];

    *json = NULL;
    if (snprintf(url, sizeof url, "%s%s", l->settings.mediator, path) >= (int)sizeof url)
        return fail(out, "app", "the mediator's URL is too long");
    enum vouchsafe_error error =
        vouchsafe_client_post(l->client, url, l->settings.mediator, form, &response);
    if (error)
        return fail_with(l, out, error);
    cJSON *answer = cJSON_ParseWithLength(response.body, response.len);
    int code = response.code;
    vouchsafe_response_clear(&response);
    if (code == expected && answer) {
        *json = answer;
        return 0;
    }
    snprintf(out->line, sizeof out->line, "%s %s", member(answer, "error"),
             member(answer, "error_description"));
    cJSON_Delete(answer);
    return -1;
}

/* name, value, name, value, NULL. Texts that do not fit are an error. */
static int make_form(char form[static FORM_MAX], const char *const pairs[],
                     struct login_result *out)
{
    form[0] = '\0';
    for (size_t i = 0; pairs[i]; i += 2)
        if (vouchsafe_form_add(form, FORM_MAX, pairs[i], pairs[i + 1]))
            return fail(out, "app", "a parameter is too long");
    return 0;
}

static int browser_url(const struct login *l, const char *request_uri, struct login_result *out)
{
    char query[FORM_MAX];
    const char *const pairs[] = { "client_id", l->settings.client_id, "request_uri", request_uri,
                                  NULL };

    if (make_form(query, pairs, out))
        return -1;
    int n = snprintf(out->line, sizeof out->line, "%s/authorize?%s", l->settings.mediator, query);
    return n < (int)sizeof out->line ? 0 : fail(out, "app", "the URL is too long");
}

int login_begin(struct login *l, struct login_result *out)
{
    char challenge[44], unused[44], form[FORM_MAX];
    cJSON *answer;

    vouchsafe_pkce(l->verifier, challenge);
    vouchsafe_pkce(l->state, unused); /* as random, and as long */
    const char *const pairs[] = { "response_type",
                                  "code",
                                  "client_id",
                                  l->settings.client_id,
                                  "redirect_uri",
                                  l->settings.redirect_uri,
                                  "scope",
                                  l->settings.scope,
                                  "state",
                                  l->state,
                                  "code_challenge",
                                  challenge,
                                  "code_challenge_method",
                                  "S256",
                                  NULL };
    if (make_form(form, pairs, out) || post(l, "/par", form, 201, &answer, out))
        return -1;
    int bad = browser_url(l, member(answer, "request_uri"), out);
    cJSON_Delete(answer);
    return bad;
}

/* A parameter of the redirect, without decoding: codes and states of ours need none. */
static int parameter(const char *url, const char *name, char *out, size_t cap)
{
    size_t len = strlen(name);
    const char *at = strchr(url, '?');

    for (; at; at = strchr(at, '&')) {
        at++;
        if (strncmp(at, name, len) != 0 || at[len] != '=')
            continue;
        const char *value = at + len + 1;
        size_t n = strcspn(value, "&#");
        if (n >= cap)
            return -1;
        memcpy(out, value, n);
        out[n] = '\0';
        return 0;
    }
    return -1;
}

static int keep_tokens(struct login *l, const char *form, struct login_result *out)
{
    cJSON *answer;

    if (post(l, "/token", form, 200, &answer, out))
        return -1;
    const cJSON *expires = cJSON_GetObjectItemCaseSensitive(answer, "expires_in");
    snprintf(l->access_token, sizeof l->access_token, "%s", member(answer, "access_token"));
    if (member(answer, "refresh_token")[0])
        snprintf(l->refresh_token, sizeof l->refresh_token, "%s", member(answer, "refresh_token"));
    snprintf(out->line, sizeof out->line, "token_type=%s expires_in=%d",
             member(answer, "token_type"), cJSON_IsNumber(expires) ? expires->valueint : 0);
    cJSON_Delete(answer);
    return 0;
}

int login_finish(struct login *l, const char *redirected, struct login_result *out)
{
    char code[1024], state[64], form[FORM_MAX];

    if (!l->verifier[0])
        return fail(out, "app", "no login is under way");
    if (parameter(redirected, "code", code, sizeof code) ||
        parameter(redirected, "state", state, sizeof state) || strcmp(state, l->state) != 0)
        return fail(out, "app", "the redirect has no code, or the state of another login");
    const char *const pairs[] = { "grant_type",
                                  "authorization_code",
                                  "client_id",
                                  l->settings.client_id,
                                  "code",
                                  code,
                                  "redirect_uri",
                                  l->settings.redirect_uri,
                                  "code_verifier",
                                  l->verifier,
                                  NULL };
    if (make_form(form, pairs, out))
        return -1;
    int bad = keep_tokens(l, form, out);
    if (!bad)
        l->verifier[0] = '\0';
    return bad;
}

int login_refresh(struct login *l, struct login_result *out)
{
    char form[FORM_MAX];
    const char *const pairs[] = {
        "grant_type",    "refresh_token",  "client_id", l->settings.client_id,
        "refresh_token", l->refresh_token, NULL
    };

    if (!l->refresh_token[0])
        return fail(out, "app", "there is no refresh token");
    return make_form(form, pairs, out) ? -1 : keep_tokens(l, form, out);
}
