/* bench-registry FOLDER: CPU milliseconds to read a registry, and to free it. */
#include <stdio.h>
#include <sys/resource.h>

#include "registry.h"

static double cpu_ms(void)
{
    struct rusage u;

    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e3 +
           (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e3;
}

int main(int argc, char **argv)
{
    struct registry *first;
    char why[WHY_MAX];
    double start = cpu_ms();

    if (argc != 2 || registry_read(argv[1], &first, why, sizeof why)) {
        fprintf(stderr, "bench-registry: %s\n", argc == 2 ? why : "FOLDER");
        return 1;
    }
    double read = cpu_ms();
    size_t apps = registry_count(first);
    registry_free(first);
    printf("%zu apps: read %.0f ms, freed %.0f ms\n", apps, read - start, cpu_ms() - read);
    return 0;
}
