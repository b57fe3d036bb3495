#include "settings.h"

#include <criterion/criterion.h>
#include <limits.h>
#include <string.h>

Test(settings, what_cannot_work)
{
    static const struct vouchsafe_config bad[] = {
        { .attestd_url = NULL },
        { .attestd_url = "" },
        { .attestd_url = "ftp://a" },
        { .attestd_url = "http://a/?q" },
        { .attestd_url = "http://a", .connect_timeout_ms = -1 },
        { .attestd_url = "http://a", .total_timeout_ms = -1 },
        { .attestd_url = "http://a", .refresh_before_s = -1 },
        { .attestd_url = "http://a", .backoff_min_ms = -1 },
        { .attestd_url = "http://a", .backoff_max_ms = -1 },
        { .attestd_url = "http://a", .retry_after_max_s = -1 },
        { .attestd_url = "http://a", .backoff_min_ms = 2, .backoff_max_ms = 1 },
        { .attestd_url = "http://a", .backoff_max_ms = 499 },
        { .attestd_url = "http://a", .answer_max_bytes = (64 << 20) + 1 },
    };
    struct settings out;

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        cr_assert_eq(settings_read(&bad[i], &out), VOUCHSAFE_BAD_ARGUMENT, "%zu", i);
}

Test(settings, defaults)
{
    const struct vouchsafe_config config = { .attestd_url = "https://a.example//" };
    struct settings s;

    cr_assert_eq(settings_read(&config, &s), VOUCHSAFE_OK);
    cr_assert_str_eq(s.challenges_url, "https://a.example/v1/challenges");
    cr_assert_str_eq(s.attestations_url, "https://a.example/v1/attestations");
    cr_assert_eq(s.connect_ms, 5000);
    cr_assert_eq(s.total_ms, 15000);
    cr_assert_eq(s.answer_max, 256 * 1024);
    cr_assert_eq(s.keeper.refresh_before_ms, 30000);
    cr_assert_eq(s.keeper.backoff_min_ms, 500);
    cr_assert_eq(s.keeper.backoff_max_ms, 60000);
    cr_assert_eq(s.keeper.retry_after_max_ms, 3600000);
}

Test(settings, everything_can_be_set)
{
    const struct vouchsafe_config config = { .attestd_url = "http://a/b",
                                             .connect_timeout_ms = 1,
                                             .total_timeout_ms = 2,
                                             .refresh_before_s = INT_MAX,
                                             .backoff_min_ms = 4,
                                             .backoff_max_ms = 4,
                                             .retry_after_max_s = 6,
                                             .answer_max_bytes = 64 << 20 };
    struct settings s;

    cr_assert_eq(settings_read(&config, &s), VOUCHSAFE_OK);
    cr_assert_str_eq(s.challenges_url, "http://a/b/v1/challenges");
    struct http_post post = settings_post(&s);
    cr_assert_eq(post.connect_ms, 1);
    cr_assert_eq(post.total_ms, 2);
    cr_assert_eq(post.answer_max, 64 << 20);
    cr_assert_eq(s.keeper.refresh_before_ms, INT64_C(1000) * INT_MAX);
    cr_assert_eq(s.keeper.backoff_min_ms, 4);
    cr_assert_eq(s.keeper.backoff_max_ms, 4);
    cr_assert_eq(s.keeper.retry_after_max_ms, 6000);
}

Test(settings, a_connection_takes_no_longer_than_the_whole)
{
    const struct vouchsafe_config config = { .attestd_url = "http://a", .total_timeout_ms = 70 };
    struct settings s;

    cr_assert_eq(settings_read(&config, &s), VOUCHSAFE_OK);
    cr_assert_eq(s.connect_ms, 70);
}

Test(settings, the_length_of_a_url_from_both_sides)
{
    char url[SETTINGS_URL_MAX + 1];
    struct vouchsafe_config config = { .attestd_url = url };
    struct settings s;
    size_t longest = SETTINGS_URL_MAX - sizeof "/v1/attestations";

    memset(url, 'a', sizeof url);
    memcpy(url, "http://h/", 9);
    url[longest + 1] = '\0';
    cr_assert_eq(settings_read(&config, &s), VOUCHSAFE_BAD_ARGUMENT);
    url[longest] = '\0';
    cr_assert_eq(settings_read(&config, &s), VOUCHSAFE_OK);
}
