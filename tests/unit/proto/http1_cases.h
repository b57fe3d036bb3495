/* http1_cases: feeding a parser in three segmentations: whole, byte by byte, and cut at random
 * places (the same in every run). */
#pragma once
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "http1.h"

struct http1_case {
    struct slice text;
    enum http1_error error;
};
#define CASE(text, error)                                                                          \
    {                                                                                              \
        SLICE_LIT(text), error                                                                     \
    }

enum segmentation { WHOLE, BYTES, RANDOM, SEGMENTATION_COUNT };

static inline size_t segment_len(enum segmentation how, size_t left, unsigned *seed)
{
    if (how == WHOLE)
        return left;
    if (how == BYTES)
        return 1;
    *seed = *seed * 1103515245u + 12345u;
    size_t n = 1 + *seed / 65536 % 7;
    return n < left ? n : left;
}
