#include "grant.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#define ID   "AAECAwQFBgcICQoLDA0ODw"
#define KEY  "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA"
#define CNF  "\"cnf\":{\"jwk\":{\"kty\":\"oct\",\"k\":\"" KEY "\"}}"
#define HEAD "{\"access_token\":\"at\",\"token_type\":\"Bearer\","
#define ABOUT                                                                                      \
    "\"device\":\"front-door\",\"scope\":\"door:unlock alarm:off\",\"nbf\":100,\"exp\":200,"
#define PUSHED                                                                                     \
    "\"device_grant\":{" ABOUT "\"once\":false,\"delivery\":\"acknowledged\",\"grant_id\":\"" ID   \
    "\"}"

static struct vouchsafe_grant *grant;
static const uint8_t own[VOUCHSAFE_GRANT_KEY_LEN] = { 9, 8, 7 };

static enum vouchsafe_error take(const char *answer, const uint8_t *own_key)
{
    return vouchsafe_grant_new(answer, strlen(answer), own_key, &grant);
}

Test(grant, answers_that_are_refused)
{
    static const struct {
        const char *answer;
        enum vouchsafe_error error;
    } cases[] = {
        { "", VOUCHSAFE_BAD_ANSWER },
        { "[]", VOUCHSAFE_BAD_ANSWER },
        { HEAD CNF "}", VOUCHSAFE_NO_GRANT },
        { HEAD PUSHED "}", VOUCHSAFE_BAD_ANSWER }, /* no key */
        { HEAD PUSHED ",\"cnf\":{\"jwk\":{\"kty\":\"EC\",\"k\":\"" KEY "\"}}}",
          VOUCHSAFE_BAD_ANSWER },
        { HEAD PUSHED ",\"cnf\":{\"jwk\":{\"kty\":\"oct\",\"k\":\"AQ\"}}}", VOUCHSAFE_BAD_ANSWER },
        { HEAD PUSHED ",\"cnf\":{\"jwk\":{\"kty\":\"oct\",\"k\":"
                      "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}}}",
          VOUCHSAFE_BAD_ANSWER },
        { HEAD CNF "," PUSHED "," PUSHED "}", VOUCHSAFE_BAD_ANSWER },
        { HEAD CNF ",\"device_grant\":\"front-door\"}", VOUCHSAFE_BAD_ANSWER },
        { HEAD CNF ",\"device_grant\":{" ABOUT
                   "\"once\":1,\"delivery\":\"acknowledged\",\"grant_id\":\"" ID "\"}}",
          VOUCHSAFE_BAD_ANSWER },
        { HEAD CNF ",\"device_grant\":{" ABOUT
                   "\"once\":false,\"delivery\":\"perhaps\",\"grant_id\":\"" ID "\"}}",
          VOUCHSAFE_BAD_ANSWER },
        { HEAD CNF ",\"device_grant\":{" ABOUT
                   "\"once\":false,\"delivery\":\"acknowledged\",\"grant_id\":\"AAEC\"}}",
          VOUCHSAFE_BAD_ANSWER },
        { HEAD CNF ",\"device_grant\":{" ABOUT
                   "\"once\":false,\"delivery\":\"token\",\"grant_id\":\"" ID "\"}}",
          VOUCHSAFE_BAD_ANSWER },
        { HEAD CNF ",\"device_grant\":{\"device\":\"a b\",\"scope\":\"x\",\"nbf\":1,\"exp\":2,"
                   "\"once\":false,\"delivery\":\"acknowledged\",\"grant_id\":\"" ID "\"}}",
          VOUCHSAFE_BAD_ANSWER },
        { HEAD CNF ",\"device_grant\":{\"device\":\"a\",\"scope\":\"x  y\",\"nbf\":1,\"exp\":2,"
                   "\"once\":false,\"delivery\":\"acknowledged\",\"grant_id\":\"" ID "\"}}",
          VOUCHSAFE_BAD_ANSWER },
        { HEAD CNF ",\"device_grant\":{\"device\":\"a\",\"scope\":\"x\",\"nbf\":2,\"exp\":2,"
                   "\"once\":false,\"delivery\":\"acknowledged\",\"grant_id\":\"" ID "\"}}",
          VOUCHSAFE_BAD_ANSWER },
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        cr_expect_eq(take(cases[i].answer, NULL), cases[i].error, "%zu", i);
        cr_expect_null(grant, "%zu", i);
    }
    cr_expect_eq(take(HEAD CNF "," PUSHED "}", NULL), VOUCHSAFE_OK, "the positive control");
    vouchsafe_grant_free(grant);
}

Test(grant, misuse)
{
    static const uint8_t zeros[VOUCHSAFE_GRANT_KEY_LEN];

    cr_expect_eq(take(HEAD PUSHED "}", zeros), VOUCHSAFE_BAD_ARGUMENT);
    cr_expect_eq(take(HEAD CNF "," PUSHED "}", own), VOUCHSAFE_BAD_ANSWER, "which one is it?");
    cr_expect_eq(vouchsafe_grant_new(NULL, 0, NULL, &grant), VOUCHSAFE_BAD_ARGUMENT);
    cr_expect_eq(vouchsafe_grant_new("{}", 2, NULL, NULL), VOUCHSAFE_BAD_ARGUMENT);
    cr_expect_eq(vouchsafe_grant_key(NULL), VOUCHSAFE_BAD_ARGUMENT);
    vouchsafe_grant_free(NULL);
    struct vouchsafe_grant_info info = { .device = "x", .once = 1 };
    vouchsafe_grant_info(NULL, &info);
    cr_expect(!info.device && !info.once);
}

Test(grant, what_the_mediator_granted)
{
    struct vouchsafe_grant_info info;

    cr_assert_eq(take(HEAD PUSHED "," CNF "}", NULL), VOUCHSAFE_OK);
    vouchsafe_grant_info(grant, &info);
    cr_expect_str_eq(info.device, "front-door");
    cr_expect_str_eq(info.scope, "door:unlock alarm:off");
    cr_expect_eq(info.not_before, 100);
    cr_expect_eq(info.expires, 200);
    cr_expect(!info.once && !info.waits && !info.carried);
    cr_expect_eq(grant->kind, DEVICE_HELLO_GRANT);
    cr_expect_str_eq(info.shown, ID);
    cr_expect_eq(grant_shown(grant).len, 16);
    cr_expect_eq(grant->id[15], 15);
    cr_expect_eq(grant->key[31], 32);
    vouchsafe_grant_free(grant);
}

Test(grant, the_apps_own_key)
{
    cr_assert_eq(take(HEAD PUSHED "}", own), VOUCHSAFE_OK);
    cr_expect_arr_eq(grant->key, own, sizeof own);
    vouchsafe_grant_free(grant);
}

Test(grant, a_device_that_sleeps_and_one_that_is_never_connected)
{
    struct vouchsafe_grant_info info;

    cr_assert_eq(take(HEAD CNF ",\"device_grant\":{" ABOUT
                               "\"once\":true,\"delivery\":\"queued\",\"grant_id\":\"" ID "\"}}",
                      NULL),
                 VOUCHSAFE_OK);
    vouchsafe_grant_info(grant, &info);
    cr_expect(info.once && info.waits && !info.carried);
    vouchsafe_grant_free(grant);
    cr_assert_eq(take(HEAD CNF ",\"device_grant\":{" ABOUT
                               "\"once\":false,\"delivery\":\"token\",\"token\":\"a.b.c\"}}",
                      NULL),
                 VOUCHSAFE_OK);
    vouchsafe_grant_info(grant, &info);
    cr_expect(!info.once && !info.waits && info.carried);
    cr_expect_eq(grant->kind, DEVICE_HELLO_TOKEN);
    cr_expect_str_eq(info.shown, "a.b.c");
    cr_expect(slice_is(grant_shown(grant), "a.b.c"));
    vouchsafe_grant_free(grant);
}

Test(grant, the_longest_token_and_one_more)
{
    static char token[DEVICE_TOKEN_MAX + 2], answer[4096];

    for (size_t len = DEVICE_TOKEN_MAX; len <= DEVICE_TOKEN_MAX + 1; len++) {
        memset(token, 'a', len);
        snprintf(answer, sizeof answer,
                 HEAD CNF ",\"device_grant\":{" ABOUT
                          "\"once\":false,\"delivery\":\"token\",\"token\":\"%s\"}}",
                 token);
        cr_expect_eq(take(answer, NULL),
                     len == DEVICE_TOKEN_MAX ? VOUCHSAFE_OK : VOUCHSAFE_BAD_ANSWER);
        vouchsafe_grant_free(grant);
    }
}

Test(grant, no_two_keys_alike)
{
    uint8_t one[VOUCHSAFE_GRANT_KEY_LEN], two[VOUCHSAFE_GRANT_KEY_LEN];

    cr_assert_eq(vouchsafe_grant_key(one), VOUCHSAFE_OK);
    cr_assert_eq(vouchsafe_grant_key(two), VOUCHSAFE_OK);
    cr_expect_neq(memcmp(one, two, sizeof one), 0);
}
