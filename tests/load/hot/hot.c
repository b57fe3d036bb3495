#include "hot.h"

#include <stdio.h>
#include <stdlib.h>
#include <valgrind/callgrind.h>

enum { WARM_UP = 2 };

void hot_must(bool good, const char *what)
{
    if (good)
        return;
    fprintf(stderr, "%s failed\n", what);
    exit(EXIT_FAILURE);
}

static void count(const struct hot_path *p)
{
    p->prepare();
    for (int i = 0; i < WARM_UP; i++)
        p->run();
    CALLGRIND_ZERO_STATS;
    CALLGRIND_TOGGLE_COLLECT;
    for (int i = 0; i < HOT_ROUNDS; i++)
        p->run();
    CALLGRIND_TOGGLE_COLLECT;
    CALLGRIND_DUMP_STATS_AT(p->name);
}

#if defined(__x86_64__)
static int has_avx2(void)
{
    return __builtin_cpu_supports("avx2") != 0;
}
#else
static int has_avx2(void)
{
    return 0;
}
#endif

int hot_run(const struct hot_path *paths, size_t count_of_paths)
{
    for (size_t i = 0; i < count_of_paths; i++)
        count(&paths[i]);
    printf("{\"rounds\": %d, \"avx2\": %d}\n", HOT_ROUNDS, has_avx2());
    return EXIT_SUCCESS;
}
