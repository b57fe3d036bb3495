#include "possession.h"

#include "configured.h"
#include "mint.h"

#define CLIENT(name, more)                                                                         \
    "client \"" name "\" { keyring = \"%s\"\n possession = \"" name "\"\n" more " }\n"
#define CONFIG                                                                                     \
    "issuer = \"" MINT_ISSUER                                                                      \
    "\"\nupstream \"as\" { issuer = \"https://as.example\" }\n" CLIENT("pop", "")                  \
        CLIENT("dpop", "") CLIENT("any", "") CLIENT("both", "") CLIENT("none", "")

static struct configured c;
static struct private_key mine, theirs;

static void load(const char *config)
{
    configured_folder(&c);
    cr_assert_eq(configured_load(&c, config), ST_OK, "%s", c.why);
    cr_assert_eq(crypto_key_generate(KEY_P256, &mine), ST_OK);
    cr_assert_eq(crypto_key_generate(KEY_P256, &theirs), ST_OK);
}

static void open_bench(void)
{
    load(CONFIG);
}

static void close_bench(void)
{
    configured_clear(&c);
}

TestSuite(possession, .init = open_bench, .fini = close_bench);

static struct verdict judge(const char *client, const char *pop, const char *dpop,
                            const char *authorization, struct possession_proof *out)
{
    const struct settings *s = c.model;
    struct digest jkt = jwk_thumbprint(&mine.public);
    struct http1_head head = { 0 };
    const char *const headers[][2] = { { ATTESTATION_POP_HEADER, pop },
                                       { DPOP_HEADER, dpop },
                                       { "Authorization", authorization } };

    for (size_t i = 0; i < 3; i++)
        if (headers[i][1])
            head.headers[head.header_count++] =
                (struct http1_header){ slice_of(headers[i][0]), slice_of(headers[i][1]) };
    const struct possession_input in = { .settings = s,
                                         .client = settings_client(s, slice_of(client)),
                                         .head = &head,
                                         .key = &mine.public,
                                         .jkt = &jkt,
                                         .audience = SLICE_LIT(MINT_ISSUER),
                                         .method = SLICE_LIT("POST"),
                                         .base = SLICE_LIT(MINT_ISSUER),
                                         .path = SLICE_LIT("/token"),
                                         .now = MINT_NOW };
    *out = (struct possession_proof){ 0 };
    return in.client->possession->check(&in, out);
}

static struct text good_pop(void)
{
    return mint_proof(&(struct proof_wish){ .instance = &mine });
}

static struct text good_dpop(void)
{
    return mint_dpop(&(struct dpop_wish){ .instance = &mine });
}

Test(possession, which_proofs_each_mode_takes)
{
    static const struct {
        const char *client;
        enum refusal with[4]; /* nothing, PoP, DPoP, both */
        bool taken[4];        /* the DPoP header */
    } rows[] = {
        { "pop", { REFUSE_ATTESTATION, ACCEPTED, REFUSE_ATTESTATION, ACCEPTED }, { false } },
        { "dpop", { REFUSE_DPOP, REFUSE_DPOP, ACCEPTED, ACCEPTED }, { [2] = true, [3] = true } },
        { "any", { REFUSE_ATTESTATION, ACCEPTED, ACCEPTED, ACCEPTED }, { [2] = true } },
        { "both",
          { REFUSE_ATTESTATION, REFUSE_DPOP, REFUSE_ATTESTATION, ACCEPTED },
          { [3] = true } },
        { "none", { ACCEPTED, ACCEPTED, ACCEPTED, ACCEPTED }, { false } },
    };
    struct text pop = good_pop(), dpop = good_dpop();

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (unsigned with = 0; with < 4; with++) {
            struct possession_proof proof;
            struct verdict v = judge(rows[i].client, with & 1 ? pop.bytes : NULL,
                                     with & 2 ? dpop.bytes : NULL, NULL, &proof);
            cr_expect_eq(v.refusal, rows[i].with[with], "%s %u: %s", rows[i].client, with,
                         v.reason ? v.reason : "accepted");
            cr_expect_eq(proof.dpop_taken, rows[i].taken[with], "%s %u", rows[i].client, with);
        }
}

Test(possession, each_proof_has_an_id_to_spend)
{
    struct text pop = mint_proof(&(struct proof_wish){ .instance = &mine, .id = "same" });
    struct text dpop = mint_dpop(&(struct dpop_wish){ .instance = &mine, .id = "same" });
    struct possession_proof both, none;

    cr_assert_eq(judge("both", pop.bytes, dpop.bytes, NULL, &both).refusal, ACCEPTED);
    cr_assert_eq(both.dues.count, 2);
    cr_expect_neq(memcmp(&both.dues.list[0].key, &both.dues.list[1].key, sizeof(struct store_key)),
                  0, "one jti in two kinds of proof is two ids");
    cr_expect_eq(both.dues.list[1].ttl_ms, (60 + 2 * 30 + 1) * 1000);
    cr_assert_eq(judge("none", pop.bytes, dpop.bytes, NULL, &none).refusal, ACCEPTED);
    cr_expect_eq(none.dues.count, 0);
}

#define HASH_OF_TOKEN "PEaenWxYddN6Q_NT1PiOYfz4EsZu7jRXRlpAsNpBU-A" /* SHA-256 of "token" */

Test(possession, dpop_proofs)
{
    const struct {
        const char *name;
        enum refusal refusal;
        struct dpop_wish wish;
        const char *authorization;
    } rows[] = {
        { "another key", REFUSE_DPOP, { .instance = &theirs }, NULL },
        { "another key, ours in the header",
          REFUSE_DPOP,
          { .instance = &theirs, .in_header = &mine },
          NULL },
        { "ours, another in the header",
          REFUSE_DPOP,
          { .instance = &mine, .in_header = &theirs },
          NULL },
        { "no key", REFUSE_DPOP, { .instance = &mine, .no_key = true }, NULL },
        { "another typ", REFUSE_DPOP, { .instance = &mine, .typ = POP_TYP }, NULL },
        { "another method", REFUSE_DPOP, { .instance = &mine, .method = "GET" }, NULL },
        { "the method in lower case", REFUSE_DPOP, { .instance = &mine, .method = "post" }, NULL },
        { "upstream's URL",
          REFUSE_DPOP,
          { .instance = &mine, .url = "https://as.example/token" },
          NULL },
        { "another endpoint", REFUSE_DPOP, { .instance = &mine, .url = MINT_ISSUER "/par" }, NULL },
        { "old", REFUSE_DPOP, { .instance = &mine, .age = 91 }, NULL },
        { "old within the skew", ACCEPTED, { .instance = &mine, .age = 90 }, NULL },
        { "from the future", REFUSE_DPOP, { .instance = &mine, .age = -31 }, NULL },
        { "no jti",
          REFUSE_DPOP,
          { .instance = &mine,
            .claims = "{\"htm\":\"POST\",\"htu\":\"" MINT_ISSUER "/token\",\"iat\":1800000000}" },
          NULL },
        { "an access token and no ath", REFUSE_DPOP, { .instance = &mine }, "DPoP token" },
        { "another token's ath",
          REFUSE_DPOP,
          { .instance = &mine, .token_hash = HASH_OF_TOKEN },
          "dpop tokem" },
        { "ath of the token",
          ACCEPTED,
          { .instance = &mine, .token_hash = HASH_OF_TOKEN },
          "DPoP token" },
        { "a bearer token is not bound", ACCEPTED, { .instance = &mine }, "Bearer token" },
        { "with a query", ACCEPTED, { .instance = &mine, .url = MINT_ISSUER "/token?x" }, NULL },
        { "as it should be", ACCEPTED, { .instance = &mine }, NULL },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct text dpop = mint_dpop(&rows[i].wish);
        struct possession_proof proof;
        struct verdict v = judge("dpop", NULL, dpop.bytes, rows[i].authorization, &proof);
        cr_expect_eq(v.refusal, rows[i].refusal, "%s: %s", rows[i].name,
                     v.reason ? v.reason : "accepted");
    }
}

Test(possession, a_nonce_is_to_be_one_of_ours)
{
    struct text dpop = mint_dpop(&(struct dpop_wish){ .instance = &mine, .nonce = "n" });
    struct possession_proof proof;

    cr_assert_eq(judge("dpop", NULL, dpop.bytes, NULL, &proof).refusal, ACCEPTED);
    cr_assert_eq(proof.dues.count, 2);
    cr_expect(proof.dues.list[0].is_challenge);
    cr_expect_eq(proof.dues.list[0].otherwise.refusal, REFUSE_NONCE);
}

static void open_strict(void)
{
    load("issuer = \"" MINT_ISSUER
         "\"\nupstream \"as\" { issuer = \"https://as.example\" }\n" CLIENT(
             "dpop", "require_challenge = true\n"));
}

TestSuite(possession_with_nonces, .init = open_strict, .fini = close_bench);

Test(possession_with_nonces, one_is_required)
{
    struct text without = good_dpop();
    struct text with = mint_dpop(&(struct dpop_wish){ .instance = &mine, .nonce = "n" });
    struct possession_proof proof;

    cr_expect_eq(judge("dpop", NULL, without.bytes, NULL, &proof).refusal, REFUSE_NONCE);
    cr_expect_eq(judge("dpop", NULL, with.bytes, NULL, &proof).refusal, ACCEPTED);
}

static void open_forwarding(void)
{
    load("issuer = \"" MINT_ISSUER "\"\nupstream \"as\" { issuer = \"https://as.example\"\n"
         "forward_dpop = true }\n" CLIENT("dpop", ""));
}

TestSuite(possession_forwarded, .init = open_forwarding, .fini = close_bench);

Test(possession_forwarded, the_nonce_is_upstreams)
{
    struct text dpop = mint_dpop(&(struct dpop_wish){ .instance = &mine, .nonce = "upstream's" });
    struct possession_proof proof;

    cr_assert_eq(judge("dpop", NULL, dpop.bytes, NULL, &proof).refusal, ACCEPTED);
    cr_expect_eq(proof.dues.count, 1);
}
