/* fuzz: what every target is. */
#pragma once
#include <stdlib.h>

#include "bytes.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);
/* Once before all inputs, where a target has it. */
int LLVMFuzzerInitialize(int *argc, char ***argv);

/* A property that must hold for every input. */
#define MUST(condition)                                                                            \
    do {                                                                                           \
        if (!(condition))                                                                          \
            abort();                                                                               \
    } while (0)
