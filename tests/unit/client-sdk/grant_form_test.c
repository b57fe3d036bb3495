#include <criterion/criterion.h>
#include <string.h>

#include "base64url.h"
#include "form.h"
#include "vouchsafe/grant.h"

#define DOOR "urn:vouchsafe:device:front-door"

static const uint8_t key[VOUCHSAFE_GRANT_KEY_LEN] = { 1, 2 };

Test(grant_form, what_cannot_work_leaves_the_form_alone)
{
    static const uint8_t zeros[VOUCHSAFE_GRANT_KEY_LEN];
    static const struct vouchsafe_grant_wish bad[] = {
        { .device = NULL },
        { .device = "" },
        { .device = DOOR, .expires = 2 },
        { .device = DOOR, .once = 1 },
        { .device = DOOR, .not_before = 1 },
        { .device = DOOR, .scope = "" },
        { .device = DOOR, .scope = "a  b" },
        { .device = DOOR, .scope = "a\"b" },
        { .device = DOOR, .scope = "a", .not_before = 2, .expires = 2 },
        { .device = DOOR, .scope = "a", .not_before = -1 },
        { .device = DOOR, .scope = "a", .expires = -1 },
        { .device = DOOR, .key = zeros },
    };
    char form[512] = "a=b";

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        cr_expect_eq(vouchsafe_grant_form(form, sizeof form, &bad[i]), VOUCHSAFE_BAD_ARGUMENT,
                     "%zu", i);
        cr_expect_str_eq(form, "a=b", "%zu", i);
    }
    cr_expect_eq(vouchsafe_grant_form(form, sizeof form, NULL), VOUCHSAFE_BAD_ARGUMENT);
    cr_expect_eq(vouchsafe_grant_form(NULL, 0, &bad[0]), VOUCHSAFE_BAD_ARGUMENT);
}

Test(grant_form, a_key_that_does_not_fit_is_not_left_behind)
{
    const struct vouchsafe_grant_wish wish = { .device = DOOR, .key = key };
    char form[512] = "a=b";

    cr_assert_eq(vouchsafe_grant_form(form, sizeof form, &wish), VOUCHSAFE_OK);
    size_t whole = strlen(form) + 1;
    for (size_t cap = 4; cap < whole; cap++) {
        memset(form, 'x', sizeof form);
        strcpy(form, "a=b");
        cr_assert_eq(vouchsafe_grant_form(form, cap, &wish), VOUCHSAFE_BAD_ARGUMENT, "%zu", cap);
        cr_assert_str_eq(form, "a=b");
        for (size_t i = 3; i < cap; i++)
            cr_assert_eq(form[i], 0);
        cr_assert_eq(form[cap], 'x', "nothing past the end");
    }
    strcpy(form, "a=b");
    cr_expect_eq(vouchsafe_grant_form(form, whole, &wish), VOUCHSAFE_OK, "exactly enough");
}

static struct slice value(const struct form *form, const char *name)
{
    const struct form_param *p = form_find(form, name);

    cr_assert_not_null(p, "%s", name);
    return p->value;
}

static void expect(const struct vouchsafe_grant_wish *wish, const char *name, const char *text)
{
    char form[1024] = "grant_type=authorization_code";
    uint8_t scratch[1024];
    struct form parsed;

    cr_assert_eq(vouchsafe_grant_form(form, sizeof form, wish), VOUCHSAFE_OK);
    cr_assert_eq(form_parse(slice_of(form), scratch, sizeof scratch, &parsed), ST_OK);
    cr_expect_eq(parsed.count, wish->key ? 3 : 2);
    struct slice got = value(&parsed, name);
    cr_expect(slice_is(got, text), "%.*s", (int)got.len, (const char *)got.data);
}

Test(grant_form, what_is_asked)
{
    struct vouchsafe_grant_wish wish = { .device = DOOR };

    expect(&wish, "resource", DOOR);
    wish.scope = "door:unlock alarm:off";
    expect(&wish, "authorization_details",
           "[{\"type\":\"vouchsafe_device\",\"locations\":[\"" DOOR "\"],"
           "\"actions\":[\"door:unlock\",\"alarm:off\"]}]");
    wish.not_before = 100;
    wish.expires = 200;
    wish.once = 1;
    expect(&wish, "authorization_details",
           "[{\"type\":\"vouchsafe_device\",\"locations\":[\"" DOOR "\"],"
           "\"actions\":[\"door:unlock\",\"alarm:off\"],\"nbf\":100,\"exp\":200,\"once\":true}]");
}

Test(grant_form, the_apps_own_key)
{
    static const char jwk[] = "{\"jwk\":{\"k\":\"AQIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\","
                              "\"kty\":\"oct\"}}";
    const struct vouchsafe_grant_wish wish = { .device = DOOR, .key = key };
    char text[BASE64URL_LEN(sizeof jwk) + 1];

    base64url_encode(text, slice_of(jwk));
    expect(&wish, "req_cnf", text);
}
