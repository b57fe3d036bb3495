#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "json_tree.h"

/* Past this many members duplicates are found by sorting: an object of n names must not cost n². */
enum { PAIRWISE_MAX = 16 };

static bool pairwise_duplicates(const cJSON *object)
{
    for (const cJSON *a = object->child; a; a = a->next)
        for (const cJSON *b = a->next; b; b = b->next)
            if (strcmp(a->string, b->string) == 0)
                return true;
    return false;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static enum status sorted_duplicates(const cJSON *object, size_t count)
{
    const char **names = malloc(count * sizeof *names);
    enum status st = ST_OK;
    size_t n = 0;

    if (!names)
        return ST_NO_MEMORY;
    for (const cJSON *m = object->child; m; m = m->next)
        names[n++] = m->string;
    qsort(names, n, sizeof *names, compare_names);
    for (size_t i = 1; i < n && !st; i++)
        if (strcmp(names[i - 1], names[i]) == 0)
            st = ST_INVALID;
    free(names);
    return st;
}

static enum status check_names(const cJSON *object)
{
    size_t count = 0;

    for (const cJSON *m = object->child; m; m = m->next)
        count++;
    if (count > PAIRWISE_MAX)
        return sorted_duplicates(object, count);
    return pairwise_duplicates(object) ? ST_INVALID : ST_OK;
}

/* Names once only at every depth, and numbers that a double can hold. Depth was bounded before. */
enum status json_check_tree(const cJSON *node)
{
    enum status st = cJSON_IsObject(node) ? check_names(node) : ST_OK;

    if (cJSON_IsNumber(node) && !isfinite(node->valuedouble))
        st = ST_INVALID;
    for (const cJSON *child = node->child; child && !st; child = child->next)
        st = json_check_tree(child);
    return st;
}
