/* model_ref: a counted reference to an immutable model, so that a request that
 * began under one configuration ends under it while others use the next. */
#pragma once
#include <stdatomic.h>

struct model_ref {
    void *model;
    void (*free)(void *model);
    _Atomic unsigned count;
};

struct model_ref *model_ref_new(void *model, void (*free)(void *)); /* count 1; NULL: no memory */
struct model_ref *model_ref_hold(struct model_ref *r);
void model_ref_drop(struct model_ref *r); /* frees the model with the last one; NULL is fine */
