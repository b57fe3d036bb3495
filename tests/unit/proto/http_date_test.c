#include <criterion/criterion.h>
#include <inttypes.h>

#include "http_date.h"

enum { NOW = 1700000000 }; /* November 2023 */

Test(http_date, what_is_none)
{
    static const char *const bad[] = {
        "",
        "120",
        "Sun, 06 Nov 1994 08:49:37",
        "Sun, 06 Nov 1994 08:49:37 UTC",
        "Sun, 6 Nov 1994 08:49:37 GMT",
        "Sun, 06 nov 1994 08:49:37 GMT",
        "sun, 06 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 24:49:37 GMT",
        "Sun, 06 Nov 1994 08:60:37 GMT",
        "Sun, 06 Nov 1994 08:49:61 GMT",
        "Sun, 06 Nov 1994 08-49-37 GMT",
        "Sun, 31 Nov 1994 08:49:37 GMT",
        "Sun, 00 Nov 1994 08:49:37 GMT",
        "Wed, 29 Feb 2023 08:49:37 GMT",
        "Thu, 29 Feb 1900 08:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:37 GMT ",
        "Sun, +6 Nov 1994 08:49:37 GMT",
        "Sun, 06-Nov-94 08:49:37 GMT",
        "Sunday, 06-Nov-1994 08:49:37 GMT",
        "Someday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 94",
        "Sun Nov   08:49:37 1994",
        "Sun Nov 06 08:49:37 1994 GMT",
    };
    int64_t out;

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        cr_assert_eq(http_date_read(slice_of(bad[i]), NOW, &out), ST_INVALID, "%s", bad[i]);
}

Test(http_date, the_three_forms)
{
    static const struct {
        const char *text;
        int64_t seconds;
    } good[] = {
        { "Sun, 06 Nov 1994 08:49:37 GMT", 784111777 },
        { "Sunday, 06-Nov-94 08:49:37 GMT", 784111777 },
        { "Sun Nov  6 08:49:37 1994", 784111777 },
        { "Thu, 01 Jan 1970 00:00:00 GMT", 0 },
        { "Thu, 29 Feb 2024 23:59:59 GMT", 1709251199 },
        { "Tue, 29 Feb 2000 00:00:00 GMT", 951782400 },
        { "Fri, 01 Mar 2024 00:00:00 GMT", 1709251200 },
        { "Sat, 31 Dec 2016 23:59:60 GMT", 1483228800 },
        { "Tue, 19 Jan 2038 03:14:08 GMT", INT64_C(2147483648) },
        { "Fri Dec 31 23:59:59 1999", 946684799 },
        { "Friday, 01-Jan-27 00:00:00 GMT", 1798761600 },
    };
    int64_t out;

    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        cr_assert_eq(http_date_read(slice_of(good[i].text), NOW, &out), ST_OK, "%s", good[i].text);
        cr_assert_eq(out, good[i].seconds, "%s: %" PRId64, good[i].text, out);
    }
}

Test(http_date, a_year_of_two_digits_lies_at_most_fifty_years_ahead)
{
    int64_t out;

    cr_assert_eq(http_date_read(SLICE_LIT("Sunday, 01-Jan-73 00:00:00 GMT"), NOW, &out), ST_OK);
    cr_assert_eq(out, INT64_C(3250454400), "2073");
    cr_assert_eq(http_date_read(SLICE_LIT("Sunday, 01-Jan-74 00:00:00 GMT"), NOW, &out), ST_OK);
    cr_assert_eq(out, INT64_C(126230400), "1974");
}
