#include "well_known.h"

#include <criterion/criterion.h>

static void expect(const char *issuer, size_t i, const char *want)
{
    struct upstream_settings s = { .issuer = (char *)issuer };
    char text[256];
    struct writer w = writer_over(text, sizeof text);

    cr_assert_lt(i, well_known_count(&s));
    cr_expect_eq(well_known_url(&s, i, &w), ST_OK);
    cr_expect(slice_is(writer_slice(&w), want), "%.*s", (int)w.len, text);
}

Test(well_known, appended_and_inserted)
{
    expect("https://as.example", 0, "https://as.example/.well-known/openid-configuration");
    expect("https://as.example/", 0, "https://as.example/.well-known/openid-configuration");
    expect("https://as.example:8443/a/b", 0,
           "https://as.example:8443/a/b/.well-known/openid-configuration");
    expect("https://as.example", 1, "https://as.example/.well-known/oauth-authorization-server");
    expect("https://as.example/", 1, "https://as.example/.well-known/oauth-authorization-server");
    expect("https://as.example:8443/a/b", 1,
           "https://as.example:8443/.well-known/oauth-authorization-server/a/b");
}

Test(well_known, a_url_by_hand_is_the_only_place)
{
    struct upstream_settings s = { .issuer = (char *)"https://as.example",
                                   .metadata_url = (char *)"https://other.example/meta?x=1" };
    char text[256];
    struct writer w = writer_over(text, sizeof text);

    cr_expect_eq(well_known_count(&s), 1);
    cr_expect_eq(well_known_url(&s, 0, &w), ST_OK);
    cr_expect(slice_is(writer_slice(&w), s.metadata_url));
}

Test(well_known, too_long)
{
    struct upstream_settings s = { .issuer = (char *)"https://as.example" };
    char text[40];
    struct writer w = writer_over(text, sizeof text);

    cr_expect_eq(well_known_url(&s, 0, &w), ST_TOO_LARGE);
}
