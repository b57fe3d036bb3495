#include "build_id.h"

#include <criterion/criterion.h>
#include <string.h>

Test(build_id, lengths_from_both_sides)
{
    struct build_id id;
    char text[2 * BUILD_ID_MAX + 3];

    memset(text, 'a', sizeof text);
    cr_assert_eq(build_id_read((struct slice){ (uint8_t *)text, 2 * BUILD_ID_MIN }, &id), ST_OK);
    cr_assert_eq(build_id_read((struct slice){ (uint8_t *)text, 2 * BUILD_ID_MIN - 2 }, &id),
                 ST_INVALID);
    cr_assert_eq(build_id_read((struct slice){ (uint8_t *)text, 2 * BUILD_ID_MAX }, &id), ST_OK);
    cr_assert_eq(build_id_read((struct slice){ (uint8_t *)text, 2 * BUILD_ID_MAX + 2 }, &id),
                 ST_INVALID);
    cr_assert_eq(build_id_read(SLICE_LIT("00112233445566778"), &id), ST_INVALID, "odd");
    cr_assert_eq(build_id_read(SLICE_LIT("0011223344556677AB"), &id), ST_INVALID, "capitals");
}

Test(build_id, there_and_back)
{
    struct build_id id, other;

    cr_assert_eq(build_id_read(SLICE_LIT("00112233445566778899"), &id), ST_OK);
    cr_assert_str_eq(build_id_text(&id).text, "00112233445566778899");
    cr_assert_eq(build_id_read(SLICE_LIT("001122334455667788"), &other), ST_OK);
    cr_assert_not(build_id_equal(&id, &other));
    cr_assert(build_id_equal(&id, &id));
}
