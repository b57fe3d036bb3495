#include "dues.h"

#include <stdlib.h>

void dues_add(struct dues *d, const struct due *due)
{
    if (d->count == DUES_MAX)
        abort();
    d->list[d->count++] = *due;
}

/* Twice through the list: for the challenges, and then for what is spent. */
static const struct due *at_step(const struct dues *d, size_t step)
{
    const struct due *due = &d->list[step % d->count];
    bool challenges_turn = step < d->count;

    return due->is_challenge == challenges_turn ? due : NULL;
}

static void answered(void *arg, enum status st, struct slice value);

static void go_on(struct dues_payment *p)
{
    const struct due *due = NULL;

    while (p->step < 2 * p->dues->count && !(due = at_step(p->dues, p->step)))
        p->step++;
    p->paying = due;
    if (!due)
        p->done(p->arg, VERDICT_ACCEPTED);
    else if (due->is_challenge)
        store_get(p->store, &due->key, answered, p);
    else
        store_mark(p->store, &due->key, due->ttl_ms, answered, p);
}

static void answered(void *arg, enum status st, struct slice value)
{
    struct dues_payment *p = arg;
    const struct due *due = p->paying;

    (void)value;
    if (st == ST_OK) {
        p->step++;
        go_on(p);
    } else if (st == (due->is_challenge ? ST_NOT_FOUND : ST_EXISTS)) {
        p->done(p->arg, due->otherwise);
    } else {
        p->done(p->arg,
                (struct verdict){ refusal_of_store(st), "store: challenges and spent ids" });
    }
}

void dues_pay(struct dues_payment *p, struct store *store, const struct dues *dues, dues_fn *done,
              void *arg)
{
    *p = (struct dues_payment){ .store = store, .dues = dues, .done = done, .arg = arg };
    go_on(p);
}
