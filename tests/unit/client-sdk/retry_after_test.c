#include "retry_after.h"

#include <criterion/criterion.h>
#include <inttypes.h>

enum { NOW = 784111777 }; /* Sun, 06 Nov 1994 08:49:37 GMT */

Test(retry_after, both_forms)
{
    static const struct {
        const char *value, *date;
        int64_t seconds;
    } cases[] = {
        { NULL, NULL, 0 },
        { "", NULL, 0 },
        { "soon", NULL, 0 },
        { "-1", NULL, 0 },
        { "1.5", NULL, 0 },
        { "99999999999", NULL, INT32_MAX },
        { "0", NULL, 0 },
        { "1", NULL, 1 },
        { "86400", NULL, 86400 },
        { "Sun, 06 Nov 1994 08:49:47 GMT", NULL, 10 },
        { "Sun, 06 Nov 1994 08:49:37 GMT", NULL, 0 },
        { "Sun, 06 Nov 1994 08:00:00 GMT", NULL, 0 },
        { "Sun, 06 Nov 1994 08:49:47 GMT", "nonsense", 10 },
        /* The server's clock counts, however wrong ours is. */
        { "Mon, 07 Nov 1994 00:01:00 GMT", "Mon, 07 Nov 1994 00:00:00 GMT", 60 },
        { "Sat, 05 Nov 1994 00:01:00 GMT", "Sat, 05 Nov 1994 00:00:00 GMT", 60 },
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t seconds = retry_after_read(slice_of(cases[i].value), slice_of(cases[i].date), NOW);
        cr_assert_eq(seconds, cases[i].seconds, "%zu: %" PRId64, i, seconds);
    }
}
