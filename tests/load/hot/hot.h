/* hot: counts instructions of single paths: each is run under valgrind's callgrind, which collects
 * while it runs and dumps what it cost under its name. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

enum { HOT_ROUNDS = 20 };

struct hot_path {
    const char *name;
    void (*prepare)(void); /* once; not counted */
    void (*run)(void);     /* counted, HOT_ROUNDS times */
};

/* Returns what main returns. Prints as one line of JSON how often each is run, and what the
 * processor (valgrind's) can do that libraries choose their code by. */
int hot_run(const struct hot_path *paths, size_t count);

/* Ends the process unless `good`. */
void hot_must(bool good, const char *what);
