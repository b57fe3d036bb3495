#include "words.h"

#include <criterion/criterion.h>

Test(words, has_what_was_added)
{
    struct words w = { .count = 0 };

    cr_assert_not(words_have(&w, SLICE_LIT("a")));
    cr_assert_eq(words_add(&w, SLICE_LIT("a")), ST_OK);
    cr_assert_eq(words_add(&w, SLICE_LIT("b:c")), ST_OK);
    cr_assert(words_have(&w, SLICE_LIT("a")));
    cr_assert(words_have(&w, SLICE_LIT("b:c")));
    cr_assert_not(words_have(&w, SLICE_LIT("b")));
    words_clear(&w);
    cr_assert_eq(w.count, 0);
}

Test(words, refuses_a_nul)
{
    struct words w = { .count = 0 };

    cr_assert_eq(words_add(&w, SLICE_LIT("a\0b")), ST_INVALID);
    cr_assert_eq(w.count, 0);
    words_clear(&w);
}
