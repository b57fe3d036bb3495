#include "process_metrics.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static double value(const char *name)
{
    static char text[4096];
    struct writer w = writer_over(text, sizeof text - 1);
    size_t len = strlen(name);

    process_metrics_write(1234567890, &w);
    text[w.len] = '\0';
    for (const char *line = text; *line; line = strchr(line, '\n') + 1)
        if (strncmp(line, name, len) == 0 && line[len] == ' ')
            return strtod(line + len, NULL);
    return -1;
}

Test(process_metrics, descriptors_are_counted)
{
    double before = value("process_open_fds");
    int fd = open("/dev/null", O_RDONLY);

    cr_assert_gt(before, 0);
    cr_assert_eq(value("process_open_fds"), before + 1);
    close(fd);
    cr_assert_eq(value("process_open_fds"), before);
    cr_assert_gt(value("process_max_fds"), before);
}

Test(process_metrics, memory_in_bytes)
{
    enum { MUCH = 64 << 20 };
    double before = value("process_resident_memory_bytes");
    char *much = malloc(MUCH);

    memset(much, 1, MUCH);
    cr_assert_gt(before, 100 * 1024);
    cr_assert_geq(value("process_resident_memory_bytes"), before + MUCH / 2);
    free(much);
}

Test(process_metrics, time)
{
    double before = value("process_cpu_seconds_total");

    cr_assert_geq(before, 0);
    while (value("process_cpu_seconds_total") < before + 0.01) /* it goes on while we work */
        ;
    cr_assert_eq(value("process_start_time_seconds"), 1234567890);
}
