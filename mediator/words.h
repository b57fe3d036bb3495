/* words: a list of short texts, such as scopes. */
#pragma once
#include "bytes.h"

struct words {
    char **list;
    size_t count;
};

/* A copy of the word, at the end. ST_NO_MEMORY; ST_INVALID if it holds a NUL. */
enum status words_add(struct words *w, struct slice word) MUST_USE;
void words_clear(struct words *w);
bool words_have(const struct words *w, struct slice word);
