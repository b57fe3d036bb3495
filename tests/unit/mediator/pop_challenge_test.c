#include "pop_challenge.h"

#include "site.h"

#define STRICT "require_challenge = true\n grants = {\"client_credentials\"}\n"
#define ASK    "grant_type=client_credentials&client_id=app"

static struct site s;

static void open_site(void)
{
    site_open(&s, SITE_BY_HAND, STRICT);
    s.token = (struct site_reply){ 200, "application/json", "{}", { NULL, { NULL, 0 } } };
}

static void close_site(void)
{
    site_close(&s);
}

TestSuite(pop_challenge, .init = open_site, .fini = close_site);

static unsigned post_with(const char *challenge)
{
    struct text token = mint_token(&(struct token_wish){
        .secret = configured_secret(), .kid = s.c.kid, .instance = &s.instance });
    struct text proof =
        mint_proof(&(struct proof_wish){ .instance = &s.instance, .challenge = challenge });
    const struct http1_header headers[] = {
        { SLICE_LIT("Content-Type"), SLICE_LIT("application/x-www-form-urlencoded") },
        { SLICE_LIT(ATTESTATION_HEADER), slice_of(token.bytes) },
        { SLICE_LIT(ATTESTATION_POP_HEADER), slice_of(proof.bytes) },
    };

    return site_send(&s, "POST", "/token", headers, 3, ASK);
}

Test(pop_challenge, none_unknown_and_expired_ones_get_a_fresh_one_with_the_refusal)
{
    char fresh[128];

    cr_expect_eq(post_with(NULL), 400);
    cr_expect(site_says(&s, "use_attestation_challenge"));
    cr_expect_eq(post_with("made-up"), 400);
    cr_expect(site_says(&s, "use_attestation_challenge"));
    cr_assert_eq(
        slice_copy_text(site_header(s.head, ATTESTATION_CHALLENGE_HEADER), fresh, sizeof fresh),
        ST_OK);
    s.steady += 300 * 1000;
    cr_expect_eq(post_with(fresh), 400, "expired");
    cr_assert_eq(
        slice_copy_text(site_header(s.head, ATTESTATION_CHALLENGE_HEADER), fresh, sizeof fresh),
        ST_OK);
    cr_expect_eq(s.asked, 0);
    s.steady += 300 * 1000 - 1;
    cr_expect_eq(post_with(fresh), 200, "%s", s.body);
    cr_expect_eq(site_logged(&s, "\"refused\"", "challenge"), 3);
}

Test(pop_challenge, the_endpoint_gives_a_different_one_each_time)
{
    char first[128], second[128];

    cr_expect_eq(site_send(&s, "POST", "/challenge", NULL, 0, NULL), 200);
    site_member(&s, "attestation_challenge", first, sizeof first);
    cr_expect_eq(site_send(&s, "POST", "/challenge", NULL, 0, "ignored"), 200);
    site_member(&s, "attestation_challenge", second, sizeof second);
    cr_expect_str_neq(first, second);
    cr_expect_eq(post_with(first), 200);
    cr_expect_eq(post_with(first), 200, "it is the proof that is good once");
    cr_expect_eq(post_with(second), 200);
}

Test(pop_challenge, attestds_challenges_are_none)
{
    struct store_key here = pop_challenge_key(SLICE_LIT("c"));
    struct store_key there = store_key_hashed(STORE_CHALLENGE, SLICE_LIT("c"));

    cr_expect_neq(memcmp(here.id, there.id, sizeof here.id), 0);
}
