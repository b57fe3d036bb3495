#include "model_ref.h"

#include <criterion/criterion.h>
#include <pthread.h>

static _Atomic unsigned freed;

static void count_free(void *model)
{
    cr_assert_eq(*(int *)model, 7);
    freed++;
}

Test(model_ref, goes_with_the_last)
{
    int model = 7;
    struct model_ref *r = model_ref_new(&model, count_free);

    cr_assert_eq(model_ref_hold(r), r);
    cr_assert_eq(r->model, &model);
    model_ref_drop(r);
    cr_assert_eq(freed, 0);
    model_ref_drop(r);
    cr_assert_eq(freed, 1);
    model_ref_drop(NULL);
}

static void *hold_and_drop(void *arg)
{
    struct model_ref *r = arg;

    for (int i = 0; i < 10000; i++)
        model_ref_drop(model_ref_hold(r));
    model_ref_drop(r);
    return NULL;
}

Test(model_ref, goes_once_among_threads)
{
    int model = 7;
    struct model_ref *r = model_ref_new(&model, count_free);
    pthread_t threads[4];

    for (size_t i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, hold_and_drop, model_ref_hold(r));
    model_ref_drop(r);
    for (size_t i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    cr_assert_eq(freed, 1);
}
