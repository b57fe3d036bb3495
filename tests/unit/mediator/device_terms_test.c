#include "device_terms.h"

#include <criterion/criterion.h>
#include <stdio.h>

#define PREFIX "urn:vouchsafe:device:"
#define DETAILS(more)                                                                              \
    "\"authorization_details\":[{\"type\":\"vouchsafe_device\",\"locations\":[\"" PREFIX           \
    "door\"],\"actions\":[\"unlock\"]" more "}]"
enum { NOW = 1000000 };

static char *door_scopes[] = { (char *)"unlock", (char *)"off" };

struct world {
    struct settings settings;
    struct client client;
    struct device device;
    struct device_wish wish;
    struct device_terms terms;
};

static void world_open(struct world *w)
{
    *w =
        (struct world){ .settings.device = { .resource_prefix = (char *)PREFIX,
                                             .grant_max_lifetime = 86400 },
                        .device = { .id = "door", .scopes = { .list = door_scopes, .count = 2 } } };
    w->wish.device = &w->device;
}

static enum refusal judge(struct world *w, const char *answer)
{
    cJSON *object;

    cr_assert_eq(json_parse_object(slice_of(answer), &JSON_MESSAGE_LIMITS, &object), ST_OK, "%s",
                 answer);
    struct verdict v = device_terms_of(&w->settings, &w->client, &w->wish, NOW, object, &w->terms);
    cJSON_Delete(object);
    return v.refusal;
}

Test(device_terms, what_upstream_granted_and_the_device_knows)
{
    struct world w;

    world_open(&w);
    cr_assert_eq(judge(&w, "{\"scope\":\"notes  unlock off unlock\",\"expires_in\":60}"), ACCEPTED);
    cr_assert_str_eq(w.terms.scope, "unlock off");
    cr_assert_eq(w.terms.not_before, NOW);
    cr_assert_eq(w.terms.expires, NOW + 60);
    cr_assert_not(w.terms.once);
    w.device.scopes.count = 0;
    cr_assert_eq(judge(&w, "{\"scope\":\"notes unlock\",\"expires_in\":60}"), ACCEPTED);
    cr_assert_str_eq(w.terms.scope, "notes unlock", "a device without scopes of its own");
}

Test(device_terms, what_was_asked_grants_nothing)
{
    struct world w;

    world_open(&w);
    w.wish.has_details = true;
    w.wish.details = (struct device_details){ .scope = "unlock off",
                                              .not_before = INT64_MIN,
                                              .expires = INT64_MAX };
    cr_assert_eq(judge(&w, "{\"expires_in\":60}"), REFUSE_BAD_GATEWAY);
    cr_assert_eq(judge(&w, "{\"scope\":\"notes\"}"), REFUSE_SCOPE);
    cr_assert_eq(judge(&w, "{\"scope\":\"\"}"), REFUSE_BAD_GATEWAY);
    cr_assert_eq(judge(&w, "{\"scope\":7}"), REFUSE_BAD_GATEWAY);
    cr_assert_eq(judge(&w, "{\"scope\":\"off\"}"), ACCEPTED);
    cr_assert_str_eq(w.terms.scope, "off");
}

Test(device_terms, the_shortest_life_counts)
{
    static const struct {
        uint32_t ours, client;
        int64_t device;
        const char *upstream;
        int64_t want;
    } cases[] = {
        { 100, 0, 0, "", 100 },
        { 100, 50, 0, "", 50 },
        { 100, 50, 40, "", 40 },
        { 100, 50, 40, ",\"expires_in\":30", 30 },
        { 100, 0, 0, ",\"expires_in\":300", 100 },
        { 20, 50, 40, ",\"expires_in\":30", 20 },
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct world w;
        char answer[128];
        world_open(&w);
        w.settings.device.grant_max_lifetime = cases[i].ours;
        w.client.grant_max_lifetime = cases[i].client;
        w.device.max_lifetime = cases[i].device;
        snprintf(answer, sizeof answer, "{\"scope\":\"unlock\"%s}", cases[i].upstream);
        cr_expect_eq(judge(&w, answer), ACCEPTED);
        cr_expect_eq(w.terms.expires, NOW + cases[i].want, "%zu", i);
    }
}

Test(device_terms, no_life_no_grant)
{
    struct world w;

    world_open(&w);
    cr_assert_eq(judge(&w, "{\"scope\":\"unlock\",\"expires_in\":0}"), REFUSE_DETAILS);
    cr_assert_eq(judge(&w, "{\"scope\":\"unlock\",\"expires_in\":-1}"), REFUSE_BAD_GATEWAY);
    cr_assert_eq(judge(&w, "{\"scope\":\"unlock\",\"expires_in\":\"60\"}"), REFUSE_BAD_GATEWAY);
    cr_assert_eq(judge(&w, "{\"scope\":\"unlock\",\"expires_in\":1}"), ACCEPTED);
}

Test(device_terms, details_that_were_granted_are_all_that_was)
{
    struct world w;

    world_open(&w);
    cr_assert_eq(judge(&w, "{\"scope\":\"unlock off\"," DETAILS(
                               ",\"nbf\":1000010,\"exp\":1000020,\"once\":true") "}"),
                 ACCEPTED);
    cr_assert_str_eq(w.terms.scope, "unlock");
    cr_assert_eq(w.terms.not_before, NOW + 10);
    cr_assert_eq(w.terms.expires, NOW + 20);
    cr_assert(w.terms.once);
    cr_assert_eq(judge(&w, "{\"scope\":\"unlock off\",\"authorization_details\":[]}"),
                 REFUSE_DETAILS, "none for this device");
    cr_assert_eq(judge(&w, "{\"scope\":\"unlock\",\"authorization_details\":{}}"),
                 REFUSE_BAD_GATEWAY);
    cr_assert_eq(judge(&w, "{" DETAILS(",\"limit\":1") "}"), REFUSE_BAD_GATEWAY);
}

Test(device_terms, both_windows_count)
{
    struct world w;

    world_open(&w);
    w.wish.has_details = true;
    w.wish.details =
        (struct device_details){ .scope = "unlock", .not_before = NOW + 15, .expires = NOW + 30 };
    cr_assert_eq(judge(&w, "{" DETAILS(",\"nbf\":1000010,\"exp\":1000020") "}"), ACCEPTED);
    cr_assert_eq(w.terms.not_before, NOW + 15);
    cr_assert_eq(w.terms.expires, NOW + 20);
    cr_assert_eq(judge(&w, "{" DETAILS(",\"nbf\":1000010,\"exp\":1000015") "}"), REFUSE_DETAILS);
    w.wish.details.not_before = NOW - 100;
    cr_assert_eq(judge(&w, "{" DETAILS("") "}"), ACCEPTED);
    cr_assert_eq(w.terms.not_before, NOW, "never before it was granted");
}

Test(device_terms, the_devices_own_once)
{
    struct world w;

    world_open(&w);
    w.device.once = true;
    cr_assert_eq(judge(&w, "{" DETAILS(",\"once\":false") "}"), ACCEPTED);
    cr_assert(w.terms.once);
}
