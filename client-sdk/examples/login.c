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

/* What the mediator said: its text, and the same as a tree. */
struct answer {
    struct vouchsafe_response response;
    cJSON *json;
};

static void answer_clear(struct answer *answer)
{
    cJSON_Delete(answer->json);
    vouchsafe_response_clear(&answer->response);
}

/* Posts a form to the mediator. 0 with the answer, to be cleared, if it is of the expected status.
 */
static int post(struct login *l, const char *path, const char *form, int expected,
                struct answer *answer, struct login_result *out)
{
    char url[URL_MAX];

    if (snprintf(url, sizeof url, "%s%s", l->settings.mediator, path) >= (int)sizeof url)
        return fail(out, "app", "the mediator's URL is too long");
    enum vouchsafe_error error =
        vouchsafe_client_post(l->client, url, l->settings.mediator, form, &answer->response);
    if (error)
        return fail_with(l, out, error);
    answer->json = cJSON_ParseWithLength(answer->response.body, answer->response.len);
    if (answer->response.code == expected && answer->json)
        return 0;
    snprintf(out->line, sizeof out->line, "%s %s", member(answer->json, "error"),
             member(answer->json, "error_description"));
    answer_clear(answer);
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
    struct answer answer;

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
    int bad = browser_url(l, member(answer.json, "request_uri"), out);
    answer_clear(&answer);
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

/* A grant on a device, where one was wished for. */
static int keep_grant(struct login *l, const struct vouchsafe_response *response,
                      struct login_result *out)
{
    const struct vouchsafe_grant_wish *wish = l->settings.wish;
    struct vouchsafe_grant *grant;

    if (!wish)
        return 0;
    enum vouchsafe_error error =
        vouchsafe_grant_new(response->body, response->len, wish->key, &grant);
    if (error)
        return fail(out, "app", vouchsafe_error_text(error));
    login_end(l);
    l->grant = grant;
    return 0;
}

static int ask_token(struct login *l, char form[static FORM_MAX], struct login_result *out)
{
    struct answer answer;

    if (l->settings.wish && vouchsafe_grant_form(form, FORM_MAX, l->settings.wish))
        return fail(out, "app", "this cannot be asked of a device");
    if (post(l, "/token", form, 200, &answer, out))
        return -1;
    const cJSON *expires = cJSON_GetObjectItemCaseSensitive(answer.json, "expires_in");
    snprintf(l->access_token, sizeof l->access_token, "%s", member(answer.json, "access_token"));
    if (member(answer.json, "refresh_token")[0])
        snprintf(l->refresh_token, sizeof l->refresh_token, "%s",
                 member(answer.json, "refresh_token"));
    snprintf(out->line, sizeof out->line, "token_type=%s expires_in=%d",
             member(answer.json, "token_type"), cJSON_IsNumber(expires) ? expires->valueint : 0);
    int bad = keep_grant(l, &answer.response, out);
    answer_clear(&answer);
    return bad;
}

void login_end(struct login *l)
{
    vouchsafe_grant_free(l->grant);
    l->grant = NULL;
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
    int bad = ask_token(l, form, out);
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
    return make_form(form, pairs, out) ? -1 : ask_token(l, form, out);
}
