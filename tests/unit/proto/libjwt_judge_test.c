/* A judge from outside: libjwt takes our tokens and we take its. What it says of the bad ones is
 * the reason why it is a judge here, and not the verifier. */
#include <criterion/criterion.h>
/* It has an enumeration of the same name as one of ours. */
#define jwt_alg libjwt_alg
#include <jwt.h>
#undef jwt_alg

/* The only type that it takes or makes. */
#define TYP "JWT"
#include "jwt_cases.h"
#include "jwt_sign.h"
#include "jwt_verify.h"

static char text[SEVEN_MB + 1];

Test(libjwt_judge, takes_what_we_sign)
{
    const struct jwt_header header = { .alg = JWT_HS256, .typ = TYP, .kid = "k1" };
    struct writer w = writer_over(text, 4096);
    jwt_t *jwt = NULL;

    cr_assert_eq(jwt_sign_hs256(&header, SLICE_LIT(CLAIMS), SLICE_LIT(KEY), &w), ST_OK);
    text[w.len] = '\0';
    cr_assert_eq(jwt_decode(&jwt, text, (const unsigned char *)KEY, strlen(KEY)), 0);
    cr_assert_eq(jwt_get_alg(jwt), JWT_ALG_HS256);
    cr_assert_eq(jwt_get_grant_int(jwt, "exp"), NOW + LIFETIME);
    jwt_free(jwt);
    text[w.len - 2] ^= 4;
    cr_assert_neq(jwt_decode(&jwt, text, (const unsigned char *)KEY, strlen(KEY)), 0);
}

static bool one_key(void *arg, struct slice kid, const struct public_key *jwk, unsigned i,
                    struct jwt_key *out)
{
    (void)arg;
    (void)jwk;
    (void)kid;
    *out = (struct jwt_key){ .alg = JWT_HS256, .secret = SLICE_LIT(KEY) };
    return i == 0;
}

Test(libjwt_judge, we_take_what_it_signs)
{
    const struct jwt_rules rules = { .typ = TYP,
                                     .algs = JWT_ALG_BIT(JWT_HS256),
                                     .exp_required = true,
                                     .now = NOW,
                                     .skew = SKEW,
                                     .max_lifetime = LIFETIME };
    struct jwt ours;
    jwt_t *jwt = NULL;

    cr_assert_eq(jwt_new(&jwt), 0);
    jwt_set_alg(jwt, JWT_ALG_HS256, (const unsigned char *)KEY, (int)strlen(KEY));
    jwt_add_grant_int(jwt, "iat", NOW);
    jwt_add_grant_int(jwt, "exp", NOW + LIFETIME);
    jwt_add_grant(jwt, "sub", "app");
    char *token = jwt_encode_str(jwt);
    cr_assert_eq(jwt_verify(slice_of(token), &rules, one_key, NULL, &ours), ST_OK, "%s", token);
    cr_assert_eq(ours.exp, NOW + LIFETIME);
    jwt_clear(&ours);
    free(token);
    jwt_free(jwt);
}

/* Not the seven megabytes: it overflows its stack before it has looked at the signature. */
Test(libjwt_judge, alone_it_would_accept)
{
    size_t accepted = 0, judged = 0;

    for (size_t i = 0; i < CASE_COUNT(bad_tokens); i++) {
        jwt_t *jwt = NULL;
        if (bad_tokens[i].bend == SEVEN_MEGABYTES || strcmp(bad_tokens[i].name, "typ JWT") == 0)
            continue;
        size_t len = jwt_case_token(&bad_tokens[i], text);
        text[len] = '\0';
        judged++;
        if (jwt_decode(&jwt, text, (const unsigned char *)KEY, (int)strlen(KEY)) == 0) {
            accepted++;
            jwt_free(jwt);
        }
    }
    fprintf(stderr, "libjwt alone accepts %zu of %zu bad tokens\n", accepted, judged);
    cr_assert_gt(accepted, 0, "or it could be the verifier");
}
