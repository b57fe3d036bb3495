#include "near_word.h"

#include <criterion/criterion.h>

Test(near_word, the_nearest_that_is_near_enough)
{
    static const struct {
        const char *word, *explained;
    } rows[] = {
        { "memroy", "\"memroy\" is not known; is \"memory\" meant?" },
        { "mem", "\"mem\" is not known; is \"memory\" meant?" },
        { "me", "\"me\" is not known; is \"maps\" meant?" },
        { "map", "\"map\" is not known; is \"maps\" meant?" },
        { "nothing_like_it", "\"nothing_like_it\" is not known here" },
        { "a_word_that_is_far_longer_than_any_that_is_known_here",
          "\"a_word_that_is_far_longer_than_any_that_is_known_here\" is not known here" },
    };
    char text[128];

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct near_word n = near_word_begin(rows[i].word);
        near_word_try(&n, "memory");
        near_word_try(&n, "maps");
        near_word_try(&n, "a_known_word_that_nobody_can_have_meant_it_is_so_long");
        near_word_explain(&n, text, sizeof text);
        cr_assert_str_eq(text, rows[i].explained);
    }
}
