#include "metadata.h"

#include <stdio.h>
#include <string.h>

#include "request.h"

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
    "revocation_endpoint",
    "revocation_endpoint_auth_methods_supported",
    "revocation_endpoint_auth_signing_alg_values_supported",
    "introspection_endpoint",
    "introspection_endpoint_auth_methods_supported",
    "introspection_endpoint_auth_signing_alg_values_supported",
    "device_authorization_endpoint",
    "backchannel_authentication_endpoint",
    "token_endpoint_auth_signing_alg_values_supported",
    "authorization_response_iss_parameter_supported",
    "require_signed_request_object",
    "request_object_signing_alg_values_supported",
    "request_object_encryption_alg_values_supported",
    "request_object_encryption_enc_values_supported",
    "require_request_uri_registration",
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
    { "challenge_endpoint", "/challenge", ENDPOINT_TOKEN },
};

static const struct {
    const char *member;
    const char *words[3];
} lists[] = {
    { "token_endpoint_auth_methods_supported", { "attest_jwt_client_auth" } },
    { "client_attestation_signing_alg_values_supported", { "HS256" } },
    { "client_attestation_pop_signing_alg_values_supported", { "ES256", "EdDSA" } },
    { "code_challenge_methods_supported", { "S256" } },
    { "response_types_supported", { "code" } },
};

static const struct {
    const char *member;
    bool value;
} flags[] = {
    { "require_pushed_authorization_requests", true },
    { "request_parameter_supported", false },
    { "request_uri_parameter_supported", false },
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

static bool set_url(cJSON *document, const char *member, const char *issuer, const char *path)
{
    char url[URL_MAX];
    int len = snprintf(url, sizeof url, "%s%s", issuer, path);

    return len > 0 && (size_t)len < sizeof url && set(document, member, cJSON_CreateString(url));
}

static bool set_list(cJSON *document, const char *member, const char *const words[static 3])
{
    int count = 0;

    while (count < 3 && words[count])
        count++;
    return set(document, member, cJSON_CreateStringArray(words, count));
}

static bool set_endpoints(cJSON *document, const struct settings *s, const bool *has)
{
    bool done = set_url(document, "issuer", s->issuer, "");

    for (size_t i = 0; i < COUNT(endpoints) && done; i++) {
        cJSON_DeleteItemFromObjectCaseSensitive(document, endpoints[i].member);
        if (has[endpoints[i].behind])
            done = set_url(document, endpoints[i].member, s->issuer, endpoints[i].path);
    }
    return done;
}

static bool set_rules(cJSON *document)
{
    bool done = true;

    for (size_t i = 0; i < COUNT(lists) && done; i++)
        done = set_list(document, lists[i].member, lists[i].words);
    for (size_t i = 0; i < COUNT(flags) && done; i++)
        done = set(document, flags[i].member, cJSON_CreateBool(flags[i].value));
    return done;
}

cJSON *metadata_make(const struct settings *s, const cJSON *upstream,
                     const bool has[static ENDPOINT_COUNT])
{
    cJSON *document = cJSON_Duplicate(upstream, true);

    if (!document)
        return NULL;
    for (size_t i = 0; i < COUNT(withheld); i++)
        cJSON_DeleteItemFromObjectCaseSensitive(document, withheld[i]);
    if (set_endpoints(document, s, has) && set_rules(document))
        return document;
    cJSON_Delete(document);
    return NULL;
}

static char *print(struct request *r)
{
    bool has[ENDPOINT_COUNT];

    for (size_t i = 0; i < ENDPOINT_COUNT; i++)
        has[i] = request_remote(r, (enum endpoint_id)i) != NULL;
    cJSON *document = metadata_make(request_settings(r), request_metadata(r), has);
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

void metadata_handle(struct http_exchange *ex, void *app)
{
    struct request *r = request_open(ex, app, "metadata");

    if (r)
        request_await_metadata(r, 0, answer);
}
