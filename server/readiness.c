#include "readiness.h"

#include <stdatomic.h>
#include <stdlib.h>

struct readiness {
    const struct clock *clock;
    atomic_bool ended;
    unsigned workers;
    _Atomic uint64_t ready_until[]; /* of each worker; 0: it is not */
};

enum status readiness_new(unsigned workers, const struct clock *clock, struct readiness **out)
{
    struct readiness *r = calloc(1, sizeof *r + workers * sizeof r->ready_until[0]);

    if (!r)
        return ST_NO_MEMORY;
    r->clock = clock;
    r->workers = workers;
    *out = r;
    return ST_OK;
}

void readiness_free(struct readiness *r)
{
    free(r);
}

void readiness_tell(struct readiness *r, unsigned worker, bool ready)
{
    atomic_store(&r->ready_until[worker], ready ? clock_steady(r->clock) + READINESS_STALE_MS : 0);
}

void readiness_end(struct readiness *r)
{
    atomic_store(&r->ended, true);
}

bool readiness_all(const struct readiness *r)
{
    uint64_t now = clock_steady(r->clock);

    for (unsigned i = 0; i < r->workers; i++)
        if (now >= atomic_load(&r->ready_until[i]))
            return false;
    return !atomic_load(&r->ended);
}
