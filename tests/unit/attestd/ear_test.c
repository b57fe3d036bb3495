#include "ear.h"

#include "folder.h"
#include "jwk.h"
#include "token_sign.h"

static struct registry *registry;
static const struct app *app;
static struct private_key key;
static struct appraisal found;
static struct streak streak;

static void setup(void)
{
    folder_fill();
    registry = folder_read();
    app = registry_app(registry, SLICE_LIT("app"));
    cr_assert_eq(crypto_key_generate(KEY_P256, &key), ST_OK);
    found = (struct appraisal){ .known = true,
                                .claim_count = 2,
                                .claims = { { PROBE_MEMORY, "app", CLAIM_PASSED, "" },
                                            { PROBE_FILE, "app", CLAIM_PASSED, "" } } };
    streak = (struct streak){ 3, 0.125 };
}

static void teardown(void)
{
    registry_free(registry);
    folder_remove();
}

TestSuite(ear, .init = setup, .fini = teardown);

/* Its claims, once it verifies under the app's secret. */
static void mint(struct jwt *jwt)
{
    static char text[4096];
    struct writer w = writer_over(text, sizeof text);
    const struct token_request request = { .app = app,
                                           .build = app_build(app, &build_id),
                                           .issuer = SLICE_LIT("https://a.example"),
                                           .instance_key = &key.public,
                                           .streak = streak,
                                           .found = &found,
                                           .now = 5000 };
    const struct jwt_rules rules = token_rules(app, "eat+jwt", 5000);
    struct token_lookup keys = { app, 5000 };

    cr_assert_eq(ear_mint(&request, &w), ST_OK);
    cr_expect_eq(w.len, ear_len_max(&request));
    cr_assert_eq(jwt_verify(writer_slice(&w), &rules, token_lookup_fn, &keys, jwt), ST_OK);
}

static const cJSON *at(const cJSON *json, const char *name)
{
    json = cJSON_GetObjectItemCaseSensitive(json, name);
    cr_assert_not_null(json, "%s is there", name);
    return json;
}

static const char *text_at(const cJSON *json, const char *name)
{
    const char *text = cJSON_GetStringValue(at(json, name));

    cr_assert_not_null(text, "%s is a text", name);
    return text;
}

/* draft-ietf-rats-ear-04 §3: what is mandatory, and of which form. */
Test(ear, mandatory_claims)
{
    struct jwt jwt;

    mint(&jwt);
    const cJSON *id = at(jwt.claims, "ear_verifier_id");

    cr_expect_str_eq(text_at(jwt.claims, "eat_profile"), "tag:ietf.org,2026:rats/ear#04");
    cr_expect_eq(at(jwt.claims, "iat")->valuedouble, 5000);
    cr_expect_eq(at(jwt.claims, "exp")->valuedouble, 5300);
    cr_expect_str_eq(text_at(id, "developer"), "https://a.example");
    cr_expect_eq(strncmp(text_at(id, "build"), "attestd ", 8), 0);
    cr_expect_eq(cJSON_GetArraySize(id), 2, "and no more");
    cr_expect_eq(cJSON_GetArraySize(at(jwt.claims, "submods")), 1, "one attester: the app");
    jwt_clear(&jwt);
}

Test(ear, whose_it_is)
{
    struct digest jkt = jwk_thumbprint(&key.public), got;
    struct jwt jwt;

    mint(&jwt);

    cr_expect_str_eq(text_at(jwt.claims, "sub"), "app");
    cr_assert_eq(json_get_bytes(at(jwt.claims, "cnf"), "jkt", got.bytes, sizeof got.bytes), ST_OK);
    cr_expect_arr_eq(got.bytes, jkt.bytes, sizeof got.bytes);
    jwt_clear(&jwt);
}

Test(ear, what_the_verifier_adds)
{
    struct jwt jwt;

    mint(&jwt);
    const cJSON *claims = at(at(at(jwt.claims, "submods"), "app"), "ear_verifier_claims");

    cr_expect_str_eq(text_at(claims, "swversion"), "1.0");
    cr_expect_eq(at(claims, "coverage")->valuedouble, 0.875);
    cr_expect_eq(at(claims, "streak")->valuedouble, 3);
    jwt_clear(&jwt);
}

/* The names of AR4SI's vector, and no value outside -128 to 127; the status is no better than the
 * worst of them. */
static void expect_appraisal(const char *status, int instance, int executables, int files)
{
    static const char *const names[] = { "instance-identity", "configuration", "executables",
                                         "file-system",       "hardware",      "runtime-opaque",
                                         "storage-opaque",    "sourced-data" };
    struct jwt jwt;

    mint(&jwt);
    const cJSON *submod = at(at(jwt.claims, "submods"), "app");
    const cJSON *vector = at(submod, "ear_trustworthiness_vector"), *claim;
    int known = 0;

    cr_expect_str_eq(text_at(submod, "ear_status"), status);
    cr_expect_eq(at(vector, "instance-identity")->valuedouble, instance);
    cr_expect_eq(at(vector, "executables")->valuedouble, executables);
    cr_expect_eq(at(vector, "file-system")->valuedouble, files);
    cJSON_ArrayForEach(claim, vector)
    {
        cr_expect(cJSON_IsNumber(claim) && claim->valuedouble == claim->valueint);
        cr_expect(claim->valueint >= -128 && claim->valueint <= 127);
        for (size_t i = 0; i < sizeof names / sizeof *names; i++)
            known += strcmp(names[i], claim->string) == 0;
    }
    cr_expect_eq(known, cJSON_GetArraySize(vector));
    jwt_clear(&jwt);
}

Test(ear, a_genuine_app_that_is_known)
{
    expect_appraisal("affirming", 2, 2, 2);
}

Test(ear, of_an_instance_seen_for_the_first_time_nothing_is_said)
{
    streak.count = 1;
    expect_appraisal("affirming", 0, 2, 2);
}

Test(ear, what_was_not_asked_is_not_affirmed)
{
    found.claim_count = 1;
    expect_appraisal("affirming", 2, 2, 0);
    found.claim_count = 0;
    streak.count = 1;
    expect_appraisal("none", 0, 0, 0);
}

/* A policy of `report` lets it pass, but not without a word. */
Test(ear, what_is_only_reported_is_a_warning)
{
    found.claims[0].result = CLAIM_DIFFERS;
    expect_appraisal("warning", 2, 33, 2);
    found.claims[0].result = CLAIM_PASSED;
    found.claims[1].result = CLAIM_MISSING;
    expect_appraisal("warning", 2, 2, 32);
}

/* Of several modules the worst counts, wherever it stands. */
Test(ear, the_worst_module_counts)
{
    found.claim_count = 3;
    found.claims[2] =
        (struct claim){ .kind = PROBE_MEMORY, .subject = "lib.so", .result = CLAIM_DIFFERS };
    expect_appraisal("warning", 2, 33, 2);
    found.claims[0].result = CLAIM_DIFFERS;
    found.claims[2].result = CLAIM_PASSED;
    expect_appraisal("warning", 2, 33, 2);
}

Test(ear, a_deprecated_build_is_a_warning)
{
    found.state = BUILD_DEPRECATED;
    expect_appraisal("warning", 2, 32, 2);
}
