#include "policy.h"

#include "base64url.h"

#define REFUSED(refusal, reason) ((struct verdict){ (refusal), (reason) })

struct slice policy_value(const struct form *form, const char *name)
{
    const struct form_param *p = form_find(form, name);
    return p ? p->value : (struct slice){ NULL, 0 };
}

/* With scopes configured a request must name some: what the server gives to one
 * that names none is not ours to know. */
static struct verdict check_scopes(const struct client *client, const struct form *form,
                                   bool required)
{
    struct slice rest = policy_value(form, "scope");

    if (client->scopes.count == 0)
        return VERDICT_ACCEPTED;
    if (rest.len == 0)
        return required ? REFUSED(REFUSE_SCOPE, "no scope named") : VERDICT_ACCEPTED;
    while (rest.data)
        if (!words_have(&client->scopes, slice_cut(&rest, ' ')))
            return REFUSED(REFUSE_SCOPE, "scope not allowed");
    return VERDICT_ACCEPTED;
}

static bool is_unreserved(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

static struct verdict check_names(const struct form *form, const char *name, const char *otherwise)
{
    return policy_value(form, name).len ? VERDICT_ACCEPTED : REFUSED(REFUSE_REQUEST, otherwise);
}

/* RFC 7636 §4.1. */
static struct verdict check_verifier(const struct form *form)
{
    struct slice verifier = policy_value(form, "code_verifier");

    if (verifier.len < CODE_VERIFIER_MIN || verifier.len > CODE_VERIFIER_MAX)
        return REFUSED(REFUSE_GRANT, "code_verifier absent or of a wrong length");
    for (size_t i = 0; i < verifier.len; i++)
        if (!is_unreserved(verifier.data[i]))
            return REFUSED(REFUSE_GRANT, "code_verifier malformed");
    return VERDICT_ACCEPTED;
}

struct verdict policy_token(const struct client *client, const struct form *form)
{
    struct slice grant = policy_value(form, "grant_type");

    if (grant.len == 0)
        return REFUSED(REFUSE_REQUEST, "no grant_type");
    if (!words_have(&client->grants, grant))
        return REFUSED(REFUSE_GRANT_TYPE, "grant_type not allowed");
    /* These keep the scope that was granted (RFC 6749 §4.1.3, §6, RFC 8628 §3.4). */
    bool code = slice_is(grant, GRANT_AUTHORIZATION_CODE);
    bool granted =
        code || slice_is(grant, GRANT_REFRESH_TOKEN) || slice_is(grant, GRANT_DEVICE_CODE);
    struct verdict v = check_scopes(client, form, !granted);
    if (!v.refusal && code)
        v = check_verifier(form);
    if (!v.refusal && slice_is(grant, GRANT_DEVICE_CODE))
        v = check_names(form, "device_code", "no device_code");
    return v;
}

struct verdict policy_device(const struct client *client, const struct form *form)
{
    if (!words_have(&client->grants, slice_of(GRANT_DEVICE_CODE)))
        return REFUSED(REFUSE_GRANT_TYPE, "device_code not allowed");
    return check_scopes(client, form, true);
}

struct verdict policy_names_token(const struct client *client, const struct form *form)
{
    (void)client;
    return check_names(form, "token", "no token");
}

/* RFC 7636 §4.3: the canonical base64url of 32 bytes, and never "plain". */
static struct verdict check_pkce(const struct form *form)
{
    uint8_t bytes[CODE_CHALLENGE_LEN];

    if (!slice_is(policy_value(form, "code_challenge_method"), "S256"))
        return REFUSED(REFUSE_REQUEST, "code_challenge_method is not S256");
    if (base64url_decode_exact(policy_value(form, "code_challenge"), bytes, sizeof bytes))
        return REFUSED(REFUSE_REQUEST, "code_challenge absent or malformed");
    return VERDICT_ACCEPTED;
}

static struct verdict check_redirect(const struct client *client, const struct form *form)
{
    if (client->redirect_uris.count == 0 ||
        words_have(&client->redirect_uris, policy_value(form, "redirect_uri")))
        return VERDICT_ACCEPTED;
    return REFUSED(REFUSE_REQUEST, "redirect_uri not allowed");
}

struct verdict policy_pushed(const struct client *client, const struct form *form)
{
    /* Both would carry parameters past this function (RFC 9101 §4). */
    if (form_find(form, "request") || form_find(form, "request_uri"))
        return REFUSED(REFUSE_REQUEST, "request or request_uri pushed");
    /* Others hand out tokens in the redirect, where nothing is attested. */
    if (!slice_is(policy_value(form, "response_type"), "code"))
        return REFUSED(REFUSE_REQUEST, "response_type is not code");
    if (!words_have(&client->grants, slice_of(GRANT_AUTHORIZATION_CODE)))
        return REFUSED(REFUSE_GRANT_TYPE, "authorization_code not allowed");
    struct verdict v = check_pkce(form);
    if (!v.refusal)
        v = check_redirect(client, form);
    return v.refusal ? v : check_scopes(client, form, true);
}
