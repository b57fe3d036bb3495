/* bench-registry FOLDER: milliseconds, and those of CPU, to read a registry, and to free it. */
#include <stdio.h>
#include <sys/resource.h>
#include <time.h>

#include "registry.h"

static double cpu_ms(void)
{
    struct rusage u;

    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e3 +
           (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e3;
}

static double wall_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

int main(int argc, char **argv)
{
    struct registry *first;
    char why[WHY_MAX];
    double start = cpu_ms(), began = wall_ms();

    if (argc != 2 || registry_read(argv[1], &first, why, sizeof why)) {
        fprintf(stderr, "bench-registry: %s\n", argc == 2 ? why : "FOLDER");
        return 1;
    }
    double read = cpu_ms(), ended = wall_ms();
    size_t apps = registry_count(first);
    registry_free(first);
    printf("%zu apps: read %.0f ms (%.0f ms of CPU), freed in %.0f ms of CPU\n", apps,
           ended - began, read - start, cpu_ms() - read);
    return 0;
}
