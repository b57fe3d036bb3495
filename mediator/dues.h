/* dues: what a request still owes once every check without the store has let it
 * pass: challenges that must be ours, and ids that may be spent once. */
#pragma once
#include "refusal.h"
#include "store.h"

/* The challenges and ids of two proofs, and the id of a token. */
enum { DUES_MAX = 5 };

struct due {
    bool is_challenge;    /* must be in the store; otherwise must not be, and is then */
    struct store_key key; /* of the challenge, or of the id to spend */
    uint32_t ttl_ms;      /* of an id: for as long as it would be accepted again */
    struct verdict otherwise;
};
struct dues {
    size_t count;
    struct due list[DUES_MAX];
};
/* There is room: whoever raises more than DUES_MAX has a bug, and aborts. */
void dues_add(struct dues *d, const struct due *due);

/* Fires once, never before the call returned: VERDICT_ACCEPTED if all are paid, or why
 * not. Challenges are looked at before anything is spent. */
typedef void dues_fn(void *arg, struct verdict v);
struct dues_payment {
    struct store *store;
    const struct dues *dues;
    size_t step;
    const struct due *paying; /* of this step */
    dues_fn *done;
    void *arg;
};
/* dues->count is not 0. *p stays in place until done. */
void dues_pay(struct dues_payment *p, struct store *store, const struct dues *dues, dues_fn *done,
              void *arg);
