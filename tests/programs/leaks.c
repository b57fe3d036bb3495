/* leaks: does to its memory what memcheck must see: "leak", "beyond", "unset"; or, as "good", none
 * of it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Volatile, so that no compiler knows what it points to. */
static char *volatile block;

static int leak(void)
{
    block = malloc(40);
    block = NULL;
    return 0;
}

static int look_at(size_t i)
{
    int seen = block && block[i] ? 1 : 0;

    free(block);
    return seen;
}

static int beyond(void)
{
    block = malloc(40);
    return look_at(40);
}

static int unset(void)
{
    block = malloc(40);
    return look_at(7);
}

static int good(void)
{
    block = calloc(40, 1);
    return look_at(39);
}

static const struct {
    const char *name;
    int (*run)(void);
} cases[] = { { "leak", leak }, { "beyond", beyond }, { "unset", unset }, { "good", good } };

int main(int argc, char **argv)
{
    for (size_t i = 0; argc == 2 && i < sizeof cases / sizeof cases[0]; i++)
        if (strcmp(argv[1], cases[i].name) == 0) {
            printf("%d\n", cases[i].run());
            return EXIT_SUCCESS;
        }
    return EXIT_FAILURE;
}
