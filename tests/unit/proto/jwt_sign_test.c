#include "jwt_sign.h"

#include <criterion/criterion.h>
#include <string.h>

/* RFC 7515 A.1 has white space in its header; ours has none, so the text is our own, checked by
 * libjwt_judge_test and by tests/integration with an independent program. */
Test(jwt_sign, hs256_is_header_claims_and_mac)
{
    const struct jwt_header header = { .alg = JWT_HS256, .typ = "a+jwt", .kid = "k" };
    uint8_t text[256];
    struct writer w = writer_over(text, sizeof text);

    cr_assert_eq(jwt_sign_hs256(&header, SLICE_LIT("{\"a\":1}"), SLICE_LIT("key"), &w), ST_OK);
    cr_assert(slice_starts_with(
        writer_slice(&w), "eyJhbGciOiJIUzI1NiIsInR5cCI6ImErand0Iiwia2lkIjoiayJ9.eyJhIjoxfQ."));
    cr_assert_eq(w.len, 52 + 1 + 10 + 1 + 43);
}

Test(jwt_sign, a_token_that_does_not_fit_is_too_large)
{
    const struct jwt_header header = { .alg = JWT_HS256, .typ = "a+jwt" };
    uint8_t text[256];

    struct writer probe = writer_over(text, sizeof text);
    cr_assert_eq(jwt_sign_hs256(&header, SLICE_LIT("{}"), SLICE_LIT("key"), &probe), ST_OK);
    for (size_t cap = 0; cap <= probe.len; cap++) {
        struct writer w = writer_over(text, cap);
        cr_assert_eq(jwt_sign_hs256(&header, SLICE_LIT("{}"), SLICE_LIT("key"), &w),
                     cap == probe.len ? ST_OK : ST_TOO_LARGE, "%zu", cap);
    }
}

static enum status broken_signer(void *arg, struct slice message, uint8_t *signature)
{
    (void)arg;
    (void)message;
    memset(signature, 0, SIGNATURE_LEN);
    return ST_IO;
}

Test(jwt_sign, a_key_store_that_fails_is_told)
{
    const struct jwt_header header = { .alg = JWT_ES256, .typ = "a+jwt" };
    uint8_t text[256];
    struct writer w = writer_over(text, sizeof text);

    cr_assert_eq(jwt_sign_with(&header, SLICE_LIT("{}"), broken_signer, NULL, &w), ST_IO);
}
