/* near_word: which of the words that are known somebody may have meant. */
#pragma once
#include <stddef.h>

/* Filled by near_word_begin; `found` is the nearest of those tried, or NULL if none is near. */
struct near_word {
    const char *word;
    const char *found;
    unsigned best;
};

struct near_word near_word_begin(const char *word);
void near_word_try(struct near_word *n, const char *known);

/* What there is to say of a word that is not known. */
void near_word_explain(const struct near_word *n, char *out, size_t cap);
