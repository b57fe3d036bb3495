#include "metadata.h"

#include <stdio.h>
#include <string.h>

#include "policy.h"
#include "possession.h"

enum { URL_MAX = 2048 };

/* What a client must not take from upstream's document: endpoints that want a
 * client authentication which it does not have; other ways to the same ones
 * (RFC 8705 §5); a signed copy, which would overrule what we write here (RFC 8414
 * §2.1); and what concerns authentication methods that we do not offer. */
static const char *const withheld[] = {
    "signed_metadata",
    "mtls_endpoint_aliases",
    "tls_client_certificate_bound_access_tokens",
    "registration_endpoint",
    "revocation_endpoint_auth_methods_supported",
    "revocation_endpoint_auth_signing_alg_values_supported",
    "introspection_endpoint_auth_methods_supported",
    "introspection_endpoint_auth_signing_alg_values_supported",
    "backchannel_authentication_endpoint",
    "backchannel_token_delivery_modes_supported",
    "backchannel_authentication_request_signing_alg_values_supported",
    "backchannel_user_code_parameter_supported",
    "token_endpoint_auth_signing_alg_values_supported",
    "require_signed_request_object",
    "request_object_signing_alg_values_supported",
    "request_object_encryption_alg_values_supported",
    "request_object_encryption_enc_values_supported",
    "require_request_uri_registration",
    /* set anew below, where there is something behind them */
    "response_types_supported",
    "code_challenge_methods_supported",
    "require_pushed_authorization_requests",
    "grant_types_supported",
};

/* Ours, where upstream has what lies behind it. A new endpoint is one row. */
static const struct {
    const char *member;
    const char *path;
    enum endpoint_id behind;
} endpoints[] = {
    { "authorization_endpoint", "/authorize", ENDPOINT_AUTHORIZATION },
    { "token_endpoint", "/token", ENDPOINT_TOKEN },
    { "pushed_authorization_request_endpoint", "/par", ENDPOINT_AUTHORIZATION },
    { "device_authorization_endpoint", "/device_authorization", ENDPOINT_DEVICE },
    { "revocation_endpoint", "/revoke", ENDPOINT_REVOCATION },
    { "introspection_endpoint", "/introspect", ENDPOINT_INTROSPECTION },
    { "challenge_endpoint", "/challenge", ENDPOINT_TOKEN },
};

static const struct {
    const char *member;
    enum endpoint_id behind;
    const char *words[3];
} lists[] = {
    { "token_endpoint_auth_methods_supported", ENDPOINT_TOKEN, { "attest_jwt_client_auth" } },
    { "revocation_endpoint_auth_methods_supported",
      ENDPOINT_REVOCATION,
      { "attest_jwt_client_auth" } },
    { "introspection_endpoint_auth_methods_supported",
      ENDPOINT_INTROSPECTION,
      { "attest_jwt_client_auth" } },
    { "client_attestation_signing_alg_values_supported",
      ENDPOINT_TOKEN,
      { "HS256", "ES256", "EdDSA" } },
    { "client_attestation_pop_signing_alg_values_supported", ENDPOINT_TOKEN, { "ES256", "EdDSA" } },
    { "code_challenge_methods_supported", ENDPOINT_AUTHORIZATION, { "S256" } },
    { "response_types_supported", ENDPOINT_AUTHORIZATION, { "code" } },
};

static const struct {
    const char *member;
    enum endpoint_id behind;
    bool value;
} flags[] = {
    { "require_pushed_authorization_requests", ENDPOINT_AUTHORIZATION, true },
    { "request_parameter_supported", ENDPOINT_TOKEN, false },
    { "request_uri_parameter_supported", ENDPOINT_TOKEN, false },
};

#define COUNT(list) (sizeof(list) / sizeof *(list))

/* Takes item; false without memory. */
static bool set(cJSON *document, const char *member, cJSON *item)
{
    cJSON_DeleteItemFromObjectCaseSensitive(document, member);
    if (item && cJSON_AddItemToObject(document, member, item))
        return true;
    cJSON_Delete(item);
    return false;
}

static bool set_url(cJSON *document, const char *member, const char *front, const char *path)
{
    char url[URL_MAX];
    int len = snprintf(url, sizeof url, "%s%s", front, path);

    return len > 0 && (size_t)len < sizeof url && set(document, member, cJSON_CreateString(url));
}

static bool set_list(cJSON *document, const char *member, const char *const words[static 3])
{
    int count = 0;

    while (count < 3 && words[count])
        count++;
    return set(document, member, cJSON_CreateStringArray(words, count));
}

static bool set_endpoints(cJSON *document, const char *front, const bool *has)
{
    bool done = set_url(document, "issuer", front, "");

    for (size_t i = 0; i < COUNT(endpoints) && done; i++) {
        cJSON_DeleteItemFromObjectCaseSensitive(document, endpoints[i].member);
        if (has[endpoints[i].behind])
            done = set_url(document, endpoints[i].member, front, endpoints[i].path);
    }
    return done;
}

static bool set_rules(cJSON *document, const bool *has)
{
    bool done = true;

    for (size_t i = 0; i < COUNT(lists) && done; i++)
        if (has[lists[i].behind])
            done = set_list(document, lists[i].member, lists[i].words);
    for (size_t i = 0; i < COUNT(flags) && done; i++)
        if (has[flags[i].behind])
            done = set(document, flags[i].member, cJSON_CreateBool(flags[i].value));
    return done;
}

/* --- what some client of this upstream may do --- */

struct abilities {
    const struct settings *settings;
    size_t upstream;
    const cJSON *offered; /* upstream's grant_types_supported, or NULL */
    const bool *has;
};

static bool listed(const cJSON *list, const char *word)
{
    const cJSON *item;

    cJSON_ArrayForEach(item, list) if (cJSON_IsString(item) &&
                                       strcmp(item->valuestring, word) == 0) return true;
    return false;
}

static bool can_grant(const struct abilities *a, const char *grant)
{
    if (strcmp(grant, GRANT_AUTHORIZATION_CODE) == 0)
        return a->has[ENDPOINT_AUTHORIZATION];
    if (strcmp(grant, GRANT_DEVICE_CODE) == 0 && !a->has[ENDPOINT_DEVICE])
        return false;
    return !a->offered || listed(a->offered, grant);
}

static bool add_grants(cJSON *out, const struct abilities *a, const struct words *grants)
{
    for (size_t i = 0; i < grants->count; i++) {
        const char *grant = grants->list[i];
        if (!can_grant(a, grant) || listed(out, grant))
            continue;
        if (!cJSON_AddItemToArray(out, cJSON_CreateString(grant)))
            return false;
    }
    return true;
}

/* What clients may use and, where it says so, upstream offers: left out, the member would
 * mean authorization_code and implicit (RFC 8414 §2). */
static bool set_grants(cJSON *document, const struct abilities *a)
{
    cJSON *out = cJSON_CreateArray();
    bool done = out != NULL;

    for (size_t i = 0; i < a->settings->client_count && done; i++)
        if (a->settings->clients[i].upstream == a->upstream)
            done = add_grants(out, a, &a->settings->clients[i].grants);
    if (done)
        return set(document, "grant_types_supported", out);
    cJSON_Delete(out);
    return false;
}

static bool takes_dpop(const struct abilities *a)
{
    for (size_t i = 0; i < a->settings->client_count; i++) {
        const struct client *client = &a->settings->clients[i];
        if (client->upstream == a->upstream && client->possession->dpop)
            return true;
    }
    return false;
}

/* Where proofs are for us; otherwise they go on to upstream, whose list stays. */
static bool set_dpop(cJSON *document, const struct abilities *a)
{
    static const char *const words[3] = { "ES256", "EdDSA" };

    return !takes_dpop(a) || set_list(document, "dpop_signing_alg_values_supported", words);
}

/* A redirect comes from upstream, which names itself (RFC 9207 §2): no promise of ours, unless
 * its name is ours. */
static void drop_iss(cJSON *document, const struct upstream_settings *u)
{
    if (strcmp(u->front, u->issuer) != 0)
        cJSON_DeleteItemFromObjectCaseSensitive(document,
                                                "authorization_response_iss_parameter_supported");
}

cJSON *metadata_make(const struct settings *s, size_t upstream, const cJSON *offered,
                     const bool has[static ENDPOINT_COUNT])
{
    const struct abilities abilities = { .settings = s,
                                         .upstream = upstream,
                                         .offered = cJSON_GetObjectItemCaseSensitive(
                                             offered, "grant_types_supported"),
                                         .has = has };
    cJSON *document = cJSON_Duplicate(offered, true);

    if (!document)
        return NULL;
    for (size_t i = 0; i < COUNT(withheld); i++)
        cJSON_DeleteItemFromObjectCaseSensitive(document, withheld[i]);
    drop_iss(document, &s->upstreams[upstream]);
    if (set_endpoints(document, s->upstreams[upstream].front, has) && set_rules(document, has) &&
        set_grants(document, &abilities) && set_dpop(document, &abilities))
        return document;
    cJSON_Delete(document);
    return NULL;
}

static char *print(struct request *r)
{
    bool has[ENDPOINT_COUNT];

    for (size_t i = 0; i < ENDPOINT_COUNT; i++)
        has[i] = request_remote(r, (enum endpoint_id)i) != NULL;
    cJSON *document = metadata_make(request_settings(r), r->upstream, request_metadata(r), has);
    char *text = document ? cJSON_PrintUnformatted(document) : NULL;
    cJSON_Delete(document);
    return text;
}

static void answer(struct request *r)
{
    char *text = print(r);

    if (text)
        http_reply_json(r->ex, 200, slice_of(text));
    else
        request_fail(r, (struct verdict){ REFUSE_INTERNAL, "no memory" });
    cJSON_free(text);
}

void metadata_handle(struct request *r)
{
    request_await_metadata(r, answer);
}
