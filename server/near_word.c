#include "near_word.h"

#include <stdio.h>
#include <string.h>

enum {
    LEN_MAX = 48,   /* longer words are no slip of a known one */
    NEAR_ENOUGH = 3 /* letters wrong, missing, too many or swapped */
};

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

/* Levenshtein's distance. */
static unsigned distance(const char *a, const char *b)
{
    size_t width = strlen(b);
    unsigned row[LEN_MAX + 1];

    for (size_t j = 0; j <= width; j++)
        row[j] = (unsigned)j;
    for (size_t i = 0; a[i]; i++) {
        unsigned diagonal = row[0];
        row[0] = (unsigned)i + 1;
        for (size_t j = 0; j < width; j++) {
            unsigned above = row[j + 1];
            row[j + 1] = least(diagonal + (a[i] != b[j]), least(above, row[j]) + 1);
            diagonal = above;
        }
    }
    return row[width];
}

struct near_word near_word_begin(const char *word)
{
    return (struct near_word){ .word = word, .best = NEAR_ENOUGH + 1 };
}

void near_word_try(struct near_word *n, const char *known)
{
    if (strlen(n->word) > LEN_MAX || strlen(known) > LEN_MAX)
        return;
    unsigned d = distance(n->word, known);
    if (d >= n->best)
        return;
    n->best = d;
    n->found = known;
}

void near_word_explain(const struct near_word *n, char *out, size_t cap)
{
    if (n->found)
        snprintf(out, cap, "\"%s\" is not known; is \"%s\" meant?", n->word, n->found);
    else
        snprintf(out, cap, "\"%s\" is not known here", n->word);
}
