#include "registry_set.h"

#include "app_audience.h"
#include "folder.h"
#include "msg_attestation.h"
#include "registry_app.h"

static struct app app;

static void clear(void)
{
    registry_app_clear(&app);
    folder_remove();
}

TestSuite(registry_set, .init = folder_fill, .fini = clear);

static enum status set(const struct app_changes *changes)
{
    return registry_set_app(folder, "app", changes, why, sizeof why);
}

static void must_set(const struct app_changes *changes)
{
    cr_assert_eq(set(changes), ST_OK, "%s", why);
    registry_app_clear(&app);
    cr_assert_eq(registry_read_app(folder, "app", &app, why, sizeof why), ST_OK, "%s", why);
}

Test(registry_set, what_is_not_named_stays)
{
    static const char *const audiences[] = { "https://a.example/token", "https://b.example" };
    static const char *const policy[] = { "memory=report" };

    must_set(&(struct app_changes){ .token_alg = "EdDSA" });
    must_set(&(struct app_changes){
        .set_audiences = true, .audiences = audiences, .audience_count = 2 });
    cr_assert_eq(registry_set_policy(folder, "app", policy, 1, why, sizeof why), ST_OK, "%s", why);
    must_set(&(struct app_changes){ 0 });
    cr_expect_eq(app.token_alg, JWT_EDDSA);
    cr_expect_eq(app.policy.kinds[PROBE_MEMORY], POLICY_REPORT);
    cr_expect_str_eq(app.name, "An \"app\"");
    cr_assert_eq(app.audience_count, 2);
    cr_expect_str_eq(app.audiences[1], audiences[1]);
    must_set(&(struct app_changes){ .set_audiences = true });
    cr_expect_eq(app.audience_count, 0);
    cr_expect_eq(app.token_alg, JWT_EDDSA);
}

Test(registry_set, refusals)
{
    static const char *const odd[] = { "",        "has space", "a\"b",        "a\\b",
                                       "${HOME}", "a\nb",      "caf\xc3\xa9", "a\x7f" };
    const struct app_changes es256 = { .token_alg = "ES256" };

    cr_expect_eq(set(&(struct app_changes){ .token_alg = "none" }), ST_INVALID);
    cr_expect_eq(set(&(struct app_changes){ .token_alg = "RS256" }), ST_INVALID);
    cr_expect_eq(set(&(struct app_changes){ .token_alg = "" }), ST_INVALID);
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++)
        cr_expect_eq(set(&(struct app_changes){ .token_alg = "ES256",
                                                .set_audiences = true,
                                                .audiences = &odd[i],
                                                .audience_count = 1 }),
                     ST_INVALID, "%s", odd[i]);
    cr_expect_eq(registry_set_app(folder, "nobody", &es256, why, sizeof why), ST_NOT_FOUND);
    cr_expect_eq(registry_set_app(folder, "../x", &es256, why, sizeof why), ST_NOT_FOUND);
    must_set(&(struct app_changes){ 0 });
    cr_expect_eq(app.token_alg, JWT_HS256, "none of them left a trace");
}

Test(registry_set, length_of_an_audience_from_both_sides)
{
    char text[AUDIENCE_MAX + 2] = "";
    const char *const list[] = { text };

    memset(text, 'a', AUDIENCE_MAX);
    must_set(
        &(struct app_changes){ .set_audiences = true, .audiences = list, .audience_count = 1 });
    cr_expect_str_eq(app.audiences[0], text);
    text[AUDIENCE_MAX] = 'a';
    cr_expect_eq(
        set(&(struct app_changes){ .set_audiences = true, .audiences = list, .audience_count = 1 }),
        ST_INVALID);
}

Test(registry_set, audiences_from_both_sides)
{
    const char *list[AUDIENCES_MAX + 1];

    for (size_t i = 0; i < AUDIENCES_MAX + 1; i++)
        list[i] = "https://a.example";
    must_set(&(struct app_changes){
        .set_audiences = true, .audiences = list, .audience_count = AUDIENCES_MAX });
    cr_expect_eq(app.audience_count, AUDIENCES_MAX);
    cr_expect_eq(set(&(struct app_changes){ .set_audiences = true,
                                            .audiences = list,
                                            .audience_count = AUDIENCES_MAX + 1 }),
                 ST_INVALID);
}

/* Whoever is to be signed for by a key that is not there is named when the registry is read. */
Test(registry_set, an_app_without_its_key)
{
    struct registry *registry;

    must_set(&(struct app_changes){ .token_alg = "ES256" });
    cr_expect_eq(registry_read(folder, &registry, why, sizeof why), ST_INVALID);
    cr_expect(strstr(why, "app: token_alg is ES256"), "%s", why);
    must_set(&(struct app_changes){ .token_alg = "HS256" });
    registry_free(folder_read());
}
