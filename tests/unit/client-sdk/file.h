/* file: a whole file in memory. */
#pragma once
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "bytes.h"

/* Free its data. */
static inline struct slice file_read(const char *path)
{
    FILE *file = fopen(path, "rb");

    cr_assert_not_null(file, "%s", path);
    fseek(file, 0, SEEK_END);
    size_t len = (size_t)ftell(file);
    rewind(file);
    uint8_t *bytes = malloc(len);
    cr_assert_eq(fread(bytes, 1, len, file), len);
    fclose(file);
    return (struct slice){ bytes, len };
}
