/* samples: what tests read from the text of metrics. */
#pragma once
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "metrics.h"

static inline const char *samples_text(const struct metrics *m)
{
    static char text[512 * 1024];
    struct writer w = writer_over(text, sizeof text - 1);

    metrics_write(m, &w);
    cr_assert_not(w.full);
    text[w.len] = '\0';
    return text;
}

/* The value of a series, written as "name{label=\"value\"}"; -1 if it is not there. */
static inline double sample(const struct metrics *m, const char *series)
{
    size_t len = strlen(series);

    for (const char *line = samples_text(m); *line; line = strchr(line, '\n') + 1)
        if (strncmp(line, series, len) == 0 && line[len] == ' ')
            return strtod(line + len + 1, NULL);
    return -1;
}
