#include "words.h"

#include <stdlib.h>

enum status words_add(struct words *w, struct slice word)
{
    char *copy = malloc(word.len + 1);
    char **longer = copy ? realloc(w->list, (w->count + 1) * sizeof *w->list) : NULL;
    enum status st = longer ? slice_copy_text(word, copy, word.len + 1) : ST_NO_MEMORY;

    if (longer)
        w->list = longer;
    if (st)
        free(copy);
    else
        w->list[w->count++] = copy;
    return st;
}

void words_clear(struct words *w)
{
    for (size_t i = 0; i < w->count; i++)
        free(w->list[i]);
    free(w->list);
    *w = (struct words){ .count = 0 };
}

bool words_have(const struct words *w, struct slice word)
{
    for (size_t i = 0; i < w->count; i++)
        if (slice_is(word, w->list[i]))
            return true;
    return false;
}
