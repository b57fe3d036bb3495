#include "model_ref.h"

#include <stdlib.h>

struct model_ref *model_ref_new(void *model, void (*release)(void *))
{
    struct model_ref *r = malloc(sizeof *r);

    if (!r)
        return NULL;
    r->model = model;
    r->free = release;
    atomic_init(&r->count, 1);
    return r;
}

struct model_ref *model_ref_hold(struct model_ref *r)
{
    atomic_fetch_add_explicit(&r->count, 1, memory_order_relaxed);
    return r;
}

void model_ref_drop(struct model_ref *r)
{
    if (!r || atomic_fetch_sub_explicit(&r->count, 1, memory_order_acq_rel) != 1)
        return;
    r->free(r->model);
    free(r);
}
