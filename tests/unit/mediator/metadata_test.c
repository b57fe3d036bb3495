#include "metadata.h"

#include <criterion/criterion.h>
#include <string.h>

#include "json.h"

static const struct settings settings = { .issuer = (char *)"https://auth.example" };
static const bool all[ENDPOINT_COUNT] = { true, true, true };

static cJSON *make(const char *upstream, const bool *has)
{
    cJSON *in, *out;

    cr_assert_eq(json_parse_object(slice_of(upstream), &JSON_MESSAGE_LIMITS, &in), ST_OK);
    out = metadata_make(&settings, in, has);
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
        "signed_metadata",        "mtls_endpoint_aliases", "revocation_endpoint",
        "introspection_endpoint", "registration_endpoint", "device_authorization_endpoint",
    };
    cJSON *document =
        make("{\"issuer\":\"https://as.example\",\"signed_metadata\":\"ey.ey.ey\","
             "\"mtls_endpoint_aliases\":{\"token_endpoint\":\"https://mtls.as.example/token\"},"
             "\"token_endpoint\":\"https://as.example/token\","
             "\"authorization_endpoint\":\"https://as.example/auth\","
             "\"pushed_authorization_request_endpoint\":\"https://as.example/par\","
             "\"revocation_endpoint\":\"https://as.example/revoke\","
             "\"introspection_endpoint\":\"https://as.example/introspect\","
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

Test(metadata, our_members)
{
    cJSON *document = make("{\"token_endpoint_auth_methods_supported\":[\"client_secret_basic\"],"
                           "\"code_challenge_methods_supported\":[\"plain\",\"S256\"],"
                           "\"response_types_supported\":[\"code\",\"token\"],"
                           "\"require_pushed_authorization_requests\":false}",
                           all);

    expect(document, "issuer", "\"https://auth.example\"");
    expect(document, "token_endpoint", "\"https://auth.example/token\"");
    expect(document, "authorization_endpoint", "\"https://auth.example/authorize\"");
    expect(document, "pushed_authorization_request_endpoint", "\"https://auth.example/par\"");
    expect(document, "challenge_endpoint", "\"https://auth.example/challenge\"");
    expect(document, "token_endpoint_auth_methods_supported", "[\"attest_jwt_client_auth\"]");
    expect(document, "client_attestation_signing_alg_values_supported", "[\"HS256\"]");
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

    expect(document, "token_endpoint", "\"https://auth.example/token\"");
    expect(document, "authorization_endpoint", NULL);
    expect(document, "pushed_authorization_request_endpoint", NULL);
    cJSON_Delete(document);
}
