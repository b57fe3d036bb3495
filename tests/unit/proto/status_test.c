#include "status.h"

#include <criterion/criterion.h>
#include <string.h>

Test(status, every_status_has_a_word_of_its_own)
{
    for (int a = 0; a < ST_COUNT; a++) {
        cr_assert_not_null(status_name((enum status)a), "%d", a);
        for (int b = 0; b < a; b++)
            cr_assert_str_neq(status_name((enum status)a), status_name((enum status)b));
    }
}

Test(status, a_number_beyond_them_is_unknown)
{
    cr_assert_str_eq(status_name(ST_COUNT), "unknown");
    cr_assert_str_eq(status_name((enum status) - 1), "unknown");
}
