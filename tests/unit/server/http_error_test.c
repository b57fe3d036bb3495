#include "http_error.h"

#include <criterion/criterion.h>
#include <string.h>

Test(http_error, every_status_has_an_answer)
{
    for (int st = 0; st < ST_COUNT; st++) {
        const struct http_refusal *refusal = http_refusal_of((enum status)st);
        cr_assert(refusal->code >= 400 && refusal->code < 600, "%s", status_name((enum status)st));
        cr_assert_gt(strlen(refusal->error), 0);
    }
    cr_assert_eq(http_refusal_of((enum status)99)->code, 500);
}

Test(http_error, a_store_that_does_not_answer_is_never_the_clients_fault)
{
    static const enum status later[] = { ST_BUSY, ST_UNAVAILABLE, ST_LOST, ST_TIMEOUT,
                                         ST_NO_MEMORY };

    for (size_t i = 0; i < sizeof later / sizeof later[0]; i++) {
        cr_assert_eq(http_refusal_of(later[i])->code, 503);
        cr_assert_str_eq(http_refusal_of(later[i])->error, "temporarily_unavailable");
    }
    cr_assert_eq(http_refusal_of(ST_INVALID)->code, 400);
    cr_assert_eq(http_refusal_of(ST_TOO_LARGE)->code, 413);
    cr_assert_eq(http_refusal_of(ST_OK)->code, 500, "a refusal without a reason is a bug");
}
