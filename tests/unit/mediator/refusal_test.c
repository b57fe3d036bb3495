#include "refusal.h"

#include <criterion/criterion.h>
#include <string.h>

Test(refusal, every_refusal_has_an_answer)
{
    for (int r = ACCEPTED + 1; r < REFUSAL_COUNT; r++) {
        const struct http_refusal *a = refusal_answer(REFUSALS_OF_OAUTH, (enum refusal)r);
        cr_expect(a->code >= 400 && a->code < 600 && a->error && a->description, "%d", r);
    }
}

Test(refusal, what_upstream_did_decides_the_code)
{
    static const struct {
        enum status st;
        unsigned code;
    } rows[] = {
        { ST_LOST, 502 },        { ST_INVALID, 502 }, { ST_TOO_LARGE, 502 }, { ST_BUSY, 503 },
        { ST_UNAVAILABLE, 503 }, { ST_TIMEOUT, 504 }, { ST_INTERNAL, 500 },  { ST_NO_MEMORY, 500 },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        cr_expect_eq(refusal_answer(REFUSALS_OF_OAUTH, refusal_of_upstream(rows[i].st))->code,
                     rows[i].code, "%s", status_name(rows[i].st));
}

Test(refusal, a_store_that_fails_never_lets_pass)
{
    for (int st = ST_OK + 1; st < ST_COUNT; st++)
        cr_expect(refusal_answer(REFUSALS_OF_OAUTH, refusal_of_store((enum status)st))->code >= 500,
                  "%d", st);
    cr_expect_eq(refusal_answer(REFUSALS_OF_OAUTH, refusal_of_store(ST_UNAVAILABLE))->code, 503);
    cr_expect_eq(refusal_answer(REFUSALS_OF_OAUTH, refusal_of_store(ST_LOST))->code, 503);
}

Test(refusal, a_proxy_hands_on_401_and_403_only)
{
    for (unsigned r = REFUSE_REQUEST; r < REFUSE_BAD_GATEWAY; r++) {
        unsigned code = refusal_answer(REFUSALS_OF_CHECK, (enum refusal)r)->code;
        const char *how = refusal_authenticate(REFUSALS_OF_CHECK, (enum refusal)r);
        if (r == REFUSE_TOO_LARGE || (r >= REFUSE_GRANT && r <= REFUSE_SCOPE))
            continue; /* of forms */
        cr_expect(code == 401 || code == 403, "%u", r);
        cr_expect_eq(how != NULL, code == 401, "RFC 9110 §15.5.2: %u", r);
        cr_expect_null(refusal_authenticate(REFUSALS_OF_OAUTH, (enum refusal)r));
    }
    cr_expect_eq(refusal_answer(REFUSALS_OF_CHECK, REFUSE_UNAVAILABLE)->code, 503);
}
