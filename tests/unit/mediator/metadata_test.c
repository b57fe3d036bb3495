#include "metadata.h"

#include <criterion/criterion.h>
#include <string.h>

#include "json.h"
#include "possession.h"

static struct upstream_settings upstreams[] = { { .front = (char *)"https://auth.example/realm",
                                                  .issuer = (char *)"https://as.example" } };
static const struct settings settings = { .upstreams = upstreams, .upstream_count = 1 };
static const bool all[ENDPOINT_COUNT] = { true, true, true, true, true, true };

static cJSON *make(const char *upstream, const bool *has)
{
    cJSON *in, *out;

    cr_assert_eq(json_parse_object(slice_of(upstream), &JSON_MESSAGE_LIMITS, &in), ST_OK);
    out = metadata_make(&settings, 0, in, has);
    cr_assert_not_null(out);
    cJSON_Delete(in);
    return out;
}

static void expect(const cJSON *document, const char *member, const char *want)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(document, member);
    char *text = item ? cJSON_PrintUnformatted(item) : NULL;

    if (want)
        cr_expect(text && strcmp(text, want) == 0, "%s is %s", member, text ? text : "absent");
    else
        cr_expect_null(text, "%s is %s", member, text);
    cJSON_free(text);
}

Test(metadata, nothing_leads_past_us)
{
    static const char *const withheld[] = {
        "signed_metadata",
        "mtls_endpoint_aliases",
        "registration_endpoint",
        "backchannel_authentication_endpoint",
        "introspection_endpoint_auth_signing_alg_values_supported",
    };
    cJSON *document =
        make("{\"issuer\":\"https://as.example\",\"signed_metadata\":\"ey.ey.ey\","
             "\"mtls_endpoint_aliases\":{\"token_endpoint\":\"https://mtls.as.example/token\"},"
             "\"token_endpoint\":\"https://as.example/token\","
             "\"authorization_endpoint\":\"https://as.example/auth\","
             "\"pushed_authorization_request_endpoint\":\"https://as.example/par\","
             "\"revocation_endpoint\":\"https://as.example/revoke\","
             "\"introspection_endpoint\":\"https://as.example/introspect\","
             "\"backchannel_authentication_endpoint\":\"https://as.example/ciba\","
             "\"introspection_endpoint_auth_signing_alg_values_supported\":[\"RS256\"],"
             "\"registration_endpoint\":\"https://as.example/register\","
             "\"device_authorization_endpoint\":\"https://as.example/device\","
             "\"authorization_response_iss_parameter_supported\":true}",
             all);
    char *text = cJSON_PrintUnformatted(document);

    for (size_t i = 0; i < sizeof withheld / sizeof *withheld; i++)
        expect(document, withheld[i], NULL);
    expect(document, "authorization_response_iss_parameter_supported", NULL);
    cr_expect_null(strstr(text, "as.example"), "%s", text);
    cJSON_free(text);
    cJSON_Delete(document);
}

Test(metadata, redirects_name_the_issuer_where_it_is_ours)
{
    static struct upstream_settings in_place[] = { { .front = (char *)"https://as.example",
                                                     .issuer = (char *)"https://as.example" } };
    const struct settings s = { .upstreams = in_place, .upstream_count = 1 };
    const char *member = "authorization_response_iss_parameter_supported";
    cJSON *in = cJSON_CreateObject(), *document;

    cJSON_AddTrueToObject(in, member);
    document = metadata_make(&s, 0, in, all);
    expect(document, member, "true");
    cJSON_Delete(document);
    document = metadata_make(&settings, 0, in, all);
    expect(document, member, NULL);
    cJSON_Delete(document);
    cJSON_Delete(in);
}

Test(metadata, our_members)
{
    cJSON *document = make("{\"token_endpoint_auth_methods_supported\":[\"client_secret_basic\"],"
                           "\"code_challenge_methods_supported\":[\"plain\",\"S256\"],"
                           "\"response_types_supported\":[\"code\",\"token\"],"
                           "\"require_pushed_authorization_requests\":false}",
                           all);

    expect(document, "issuer", "\"https://auth.example/realm\"");
    expect(document, "token_endpoint", "\"https://auth.example/realm/token\"");
    expect(document, "authorization_endpoint", "\"https://auth.example/realm/authorize\"");
    expect(document, "pushed_authorization_request_endpoint", "\"https://auth.example/realm/par\"");
    expect(document, "device_authorization_endpoint",
           "\"https://auth.example/realm/device_authorization\"");
    expect(document, "revocation_endpoint", "\"https://auth.example/realm/revoke\"");
    expect(document, "introspection_endpoint", "\"https://auth.example/realm/introspect\"");
    expect(document, "revocation_endpoint_auth_methods_supported", "[\"attest_jwt_client_auth\"]");
    expect(document, "introspection_endpoint_auth_methods_supported",
           "[\"attest_jwt_client_auth\"]");
    expect(document, "challenge_endpoint", "\"https://auth.example/realm/challenge\"");
    expect(document, "token_endpoint_auth_methods_supported", "[\"attest_jwt_client_auth\"]");
    expect(document, "client_attestation_signing_alg_values_supported",
           "[\"HS256\",\"ES256\",\"EdDSA\"]");
    expect(document, "client_attestation_pop_signing_alg_values_supported",
           "[\"ES256\",\"EdDSA\"]");
    expect(document, "code_challenge_methods_supported", "[\"S256\"]");
    expect(document, "response_types_supported", "[\"code\"]");
    expect(document, "require_pushed_authorization_requests", "true");
    expect(document, "request_parameter_supported", "false");
    cJSON_Delete(document);
}

Test(metadata, the_rest_is_upstreams)
{
    cJSON *document = make("{\"jwks_uri\":\"https://as.example/jwks\",\"x\":{\"y\":[1,2]},"
                           "\"scopes_supported\":[\"notes\"]}",
                           all);

    expect(document, "jwks_uri", "\"https://as.example/jwks\"");
    expect(document, "x", "{\"y\":[1,2]}");
    expect(document, "scopes_supported", "[\"notes\"]");
    cJSON_Delete(document);
}

Test(metadata, what_upstream_lacks_is_not_ours_either)
{
    static const bool token_only[ENDPOINT_COUNT] = { [ENDPOINT_TOKEN] = true };
    cJSON *document = make("{}", token_only);

    expect(document, "token_endpoint", "\"https://auth.example/realm/token\"");
    expect(document, "authorization_endpoint", NULL);
    expect(document, "pushed_authorization_request_endpoint", NULL);
    expect(document, "require_pushed_authorization_requests", NULL);
    expect(document, "code_challenge_methods_supported", NULL);
    expect(document, "response_types_supported", NULL);
    expect(document, "device_authorization_endpoint", NULL);
    expect(document, "revocation_endpoint", NULL);
    expect(document, "revocation_endpoint_auth_methods_supported", NULL);
    expect(document, "introspection_endpoint", NULL);
    expect(document, "grant_types_supported", "[]");
    cJSON_Delete(document);
}

#define DEVICE_CODE "urn:ietf:params:oauth:grant-type:device_code"
static char *grants_of_a[] = { (char *)"authorization_code", (char *)"refresh_token",
                               (char *)DEVICE_CODE };
static char *grants_of_b[] = { (char *)"refresh_token", (char *)"client_credentials" };
static char *grants_of_others[] = { (char *)"password" };

/* What the clients of this upstream may use, it offers, and has an endpoint for. */
Test(metadata, grants)
{
    const struct possession_mode *pop = possession_find("pop");
    struct client clients[] = {
        { .grants = { grants_of_a, 3 }, .possession = pop },
        { .grants = { grants_of_b, 2 }, .possession = pop },
        { .grants = { grants_of_others, 1 }, .possession = possession_find("dpop"), .upstream = 1 },
    };
    const struct settings with_clients = {
        .upstreams = upstreams, .upstream_count = 1, .clients = clients, .client_count = 3
    };
    static const struct {
        const char *offered, *grants;
        bool authorization, device;
    } rows[] = {
        { "{}",
          "[\"authorization_code\",\"refresh_token\",\"" DEVICE_CODE "\",\"client_credentials\"]",
          true, true },
        { "{}", "[\"refresh_token\",\"client_credentials\"]", false, false },
        { "{\"grant_types_supported\":[\"refresh_token\",\"implicit\",\"password\"]}",
          "[\"authorization_code\",\"refresh_token\"]", true, true },
        { "{\"grant_types_supported\":[]}", "[]", false, true },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const bool has[ENDPOINT_COUNT] = { [ENDPOINT_TOKEN] = true,
                                           [ENDPOINT_AUTHORIZATION] = rows[i].authorization,
                                           [ENDPOINT_DEVICE] = rows[i].device };
        cJSON *offered, *document;
        cr_assert_eq(json_parse_object(slice_of(rows[i].offered), &JSON_MESSAGE_LIMITS, &offered),
                     ST_OK);
        document = metadata_make(&with_clients, 0, offered, has);
        expect(document, "grant_types_supported", rows[i].grants);
        expect(document, "dpop_signing_alg_values_supported", NULL);
        clients[0].possession = possession_find("dpop");
        cJSON_Delete(document);
        document = metadata_make(&with_clients, 0, offered, has);
        expect(document, "dpop_signing_alg_values_supported", "[\"ES256\",\"EdDSA\"]");
        clients[0].possession = pop;
        cJSON_Delete(document);
        cJSON_Delete(offered);
    }
}
