#include "gate.h"

#include "configured.h"
#include "mint.h"
#include "policy.h"

#define CONFIG                                                                                     \
    "issuer = \"" MINT_ISSUER "\"\n"                                                               \
    "upstream \"as\" { issuer = \"https://as.example\" }\n"                                        \
    "client \"app\" { keyring = \"%s\"\n grants = {\"client_credentials\"} }\n"                    \
    "client \"free\" { keyring = \"%s\"\n grants = {\"client_credentials\"}\n"                     \
    " possession = \"none\" }\n"                                                                   \
    "client \"strict\" { keyring = \"%s\"\n grants = {\"client_credentials\"}\n"                   \
    " min_coverage = 0.9\n min_streak = 3\n max_age = 100\n require_challenge = true\n"            \
    " scopes = {\"read\"} }\n"                                                                     \
    "client \"once\" { keyring = \"%s\"\n grants = {\"client_credentials\"}\n"                     \
    " possession = \"none\"\n limited_use = true }\n"

struct bench {
    struct configured c;
    struct private_key instance, stranger;
};

static struct bench make_bench(enum key_type type)
{
    struct bench b;

    configured_folder(&b.c);
    cr_assert_eq(configured_load(&b.c, CONFIG), ST_OK, "%s", b.c.why);
    cr_assert_eq(crypto_key_generate(type, &b.instance), ST_OK);
    cr_assert_eq(crypto_key_generate(type, &b.stranger), ST_OK);
    return b;
}

/* A request; what is left out is as it should be. */
struct row {
    const char *name;
    enum refusal refusal;
    const char *form;
    struct token_wish token;
    struct proof_wish proof;
    unsigned tokens, proofs; /* 0: one of each; NO: none */
    const char *raw_token, *raw_proof;
    const char *kid; /* "": none */
    bool stranger_proves;
};
enum { NO = 9 };

static size_t add(struct http1_head *head, const char *name, unsigned count, const char *value)
{
    unsigned n = count == NO ? 0 : count ? count : 1;

    while (n--)
        head->headers[head->header_count++] =
            (struct http1_header){ slice_of(name), slice_of(value) };
    return head->header_count;
}

static struct text token_of(const struct bench *b, const struct row *row)
{
    struct token_wish wish = row->token;

    if (!wish.secret.data)
        wish.secret = configured_secret();
    wish.kid = row->kid ? (*row->kid ? row->kid : NULL) : b->c.kid;
    if (!wish.instance)
        wish.instance = &b->instance;
    return mint_token(&wish);
}

static struct text proof_of(const struct bench *b, const struct row *row)
{
    struct proof_wish wish = row->proof;

    wish.instance = row->stranger_proves ? &b->stranger : &b->instance;
    return mint_proof(&wish);
}

#define ASKS "grant_type=client_credentials&client_id="

static struct verdict judge(const struct bench *b, const struct row *row, struct gate_pass *pass)
{
    struct text token = token_of(b, row), proof = proof_of(b, row);
    struct http1_head head = { 0 };
    uint8_t scratch[1024];
    struct form form;

    add(&head, "oauth-client-attestation", row->tokens,
        row->raw_token ? row->raw_token : token.bytes);
    add(&head, "OAuth-Client-Attestation-PoP", row->proofs,
        row->raw_proof ? row->raw_proof : proof.bytes);
    cr_assert_eq(
        form_parse(slice_of(or_else(row->form, ASKS "app")), scratch, sizeof scratch, &form),
        ST_OK);
    const struct gate_input in = { .settings = b->c.model,
                                   .head = &head,
                                   .audience = SLICE_LIT(MINT_ISSUER),
                                   .method = SLICE_LIT("POST"),
                                   .base = SLICE_LIT(MINT_ISSUER),
                                   .path = SLICE_LIT("/token"),
                                   .now = MINT_NOW,
                                   .form = &form,
                                   .policy = policy_token };
    struct verdict v = gate_check(&in, pass);
    pass->client_id = (struct slice){ NULL, 0 }; /* borrowed from what ends here */
    return v;
}

static void judge_all(enum key_type type, const struct row *rows, size_t count)
{
    struct bench b = make_bench(type);

    for (size_t i = 0; i < count; i++) {
        struct gate_pass pass;
        struct verdict v = judge(&b, &rows[i], &pass);
        cr_expect_eq(v.refusal, rows[i].refusal, "%s: %s", rows[i].name,
                     v.reason ? v.reason : "accepted");
        cr_expect_eq(v.reason == NULL, v.refusal == ACCEPTED, "%s", rows[i].name);
    }
    configured_clear(&b.c);
}
#define JUDGE_ALL(type, rows) judge_all(type, rows, sizeof(rows) / sizeof *(rows))

Test(gate, who_is_named)
{
    static const struct row rows[] = {
        { "no client_id", REFUSE_CLIENT, .form = "grant_type=client_credentials" },
        { "empty client_id", REFUSE_CLIENT, .form = ASKS },
        { "unknown client", REFUSE_ATTESTATION, .form = ASKS "nobody" },
        { "unknown client, its token", REFUSE_ATTESTATION, .form = ASKS "nobody",
          .token = { .sub = "nobody" } },
        { "another client", REFUSE_ATTESTATION, .form = ASKS "free" },
        { "sub of another client", REFUSE_ATTESTATION, .token = { .sub = "free" } },
        { "a prefix of the client", REFUSE_ATTESTATION, .form = ASKS "ap" },
        { "the client", ACCEPTED, .tokens = 1 },
        { "the other client", ACCEPTED, .form = ASKS "free", .token = { .sub = "free" } },
    };

    JUDGE_ALL(KEY_P256, rows);
}

#define CLAIMS(cnf, more)                                                                          \
    "{\"iss\":\"https://a.example\",\"sub\":\"app\",\"iat\":1799999990,\"exp\":1800000200,"        \
    "\"jti\":\"x\",\"coverage\":0.5,\"streak\":1,\"ear_status\":\"affirming\",\"cnf\":" cnf more   \
    "}"

Test(gate, tokens)
{
    static const struct row rows[] = {
        { "none", REFUSE_CLIENT, .tokens = NO },
        { "two", REFUSE_REQUEST, .tokens = 2 },
        { "a word", REFUSE_ATTESTATION, .raw_token = "token" },
        { "nothing in it", REFUSE_ATTESTATION, .raw_token = "" },
        { "two dots", REFUSE_ATTESTATION, .raw_token = ".." },
        { "another secret", REFUSE_ATTESTATION,
          .token = { .secret = SLICE_LIT("another client secret of 32 bytes") } },
        { "no kid", REFUSE_ATTESTATION, .kid = "" },
        { "another kid", REFUSE_ATTESTATION, .kid = "0000000000000000" },
        { "another typ", REFUSE_ATTESTATION, .token = { .typ = "JWT" } },
        { "a proof's typ", REFUSE_ATTESTATION, .token = { .typ = POP_TYP } },
        { "no claims", REFUSE_ATTESTATION, .token = { .claims = "{}" } },
        { "no cnf", REFUSE_ATTESTATION, .token = { .claims = CLAIMS("{}", "") } },
        { "an RSA key", REFUSE_ATTESTATION,
          .token = { .claims =
                         CLAIMS("{\"jwk\":{\"kty\":\"RSA\",\"n\":\"AA\",\"e\":\"AQAB\"}}", "") } },
        { "a symmetric key", REFUSE_ATTESTATION,
          .token = { .claims = CLAIMS("{\"jwk\":{\"kty\":\"oct\",\"k\":\"AAAA\"}}", "") } },
        { "coverage above 1", REFUSE_ATTESTATION, .token = { .coverage = 1.5 } },
        { "expired", REFUSE_STALE, .token = { .age = 330 } },
        { "expired within the skew", ACCEPTED, .token = { .age = 329 } },
        { "from the future", REFUSE_STALE, .token = { .age = -31 } },
        { "from the future within the skew", ACCEPTED, .token = { .age = -30 } },
        { "lives too long", REFUSE_ATTESTATION, .token = { .lifetime = 3601 } },
        { "lives just long enough", ACCEPTED, .token = { .lifetime = 3600 } },
        { "not affirming", REFUSE_STALE, .token = { .ear_status = "warning" } },
        { "contraindicated", REFUSE_STALE, .token = { .ear_status = "contraindicated" } },
    };

    JUDGE_ALL(KEY_P256, rows);
}

Test(gate, the_clients_demands)
{
    static const struct row rows[] = {
        { "coverage", REFUSE_STALE, .form = ASKS "strict&scope=read",
          .token = { .sub = "strict", .coverage = 0.8999 }, .proof = { .challenge = "c" } },
        { "streak", REFUSE_STALE, .form = ASKS "strict&scope=read",
          .token = { .sub = "strict", .coverage = 0.9, .streak = 2 },
          .proof = { .challenge = "c" } },
        { "age", REFUSE_STALE, .form = ASKS "strict&scope=read",
          .token = { .sub = "strict", .coverage = 0.9, .streak = 3, .age = 101 },
          .proof = { .challenge = "c" } },
        { "no challenge", REFUSE_CHALLENGE, .form = ASKS "strict&scope=read",
          .token = { .sub = "strict", .coverage = 0.9, .streak = 3 } },
        { "scope", REFUSE_SCOPE, .form = ASKS "strict&scope=write",
          .token = { .sub = "strict", .coverage = 0.9, .streak = 3 },
          .proof = { .challenge = "c" } },
        { "grant type", REFUSE_GRANT_TYPE, .form = "grant_type=password&client_id=app" },
        { "no grant type", REFUSE_REQUEST, .form = "client_id=app" },
        { "all met", ACCEPTED, .form = ASKS "strict&scope=read",
          .token = { .sub = "strict", .coverage = 0.9, .streak = 3, .age = 100 },
          .proof = { .challenge = "c" } },
    };

    JUDGE_ALL(KEY_P256, rows);
}

static const struct row proof_rows[] = {
    { "none", REFUSE_ATTESTATION, .proofs = NO },
    { "two", REFUSE_ATTESTATION, .proofs = 2 },
    { "a word", REFUSE_ATTESTATION, .raw_proof = "proof" },
    { "another key", REFUSE_ATTESTATION, .stranger_proves = true },
    { "another typ", REFUSE_ATTESTATION, .proof = { .typ = "dpop+jwt" } },
    { "the token's typ", REFUSE_ATTESTATION, .proof = { .typ = INTEGRITY_TOKEN_TYP } },
    { "another audience", REFUSE_ATTESTATION, .proof = { .audience = "https://as.example" } },
    { "the audience with a slash", REFUSE_ATTESTATION, .proof = { .audience = MINT_ISSUER "/" } },
    { "another client", REFUSE_ATTESTATION, .proof = { .client_id = "free" } },
    { "no jti", REFUSE_ATTESTATION,
      .proof = { .claims = "{\"aud\":\"" MINT_ISSUER "\",\"iat\":1800000000}" } },
    { "no iat", REFUSE_ATTESTATION,
      .proof = { .claims = "{\"aud\":\"" MINT_ISSUER "\",\"jti\":\"x\"}" } },
    { "audiences", REFUSE_ATTESTATION,
      .proof = { .claims = "{\"aud\":[\"" MINT_ISSUER "\"],\"jti\":\"x\",\"iat\":1800000000}" } },
    { "old", REFUSE_ATTESTATION, .proof = { .age = 91 } },
    { "old within the skew", ACCEPTED, .proof = { .age = 90 } },
    { "from the future", REFUSE_ATTESTATION, .proof = { .age = -31 } },
    { "from the future within the skew", ACCEPTED, .proof = { .age = -30 } },
    { "an older draft's iss", ACCEPTED, .proof = { .client_id = "app" } },
    { "with a challenge", ACCEPTED, .proof = { .challenge = "c" } },
    { "as it should be", ACCEPTED, .tokens = 1 },
};

Test(gate, proofs_with_p256)
{
    JUDGE_ALL(KEY_P256, proof_rows);
}

Test(gate, proofs_with_ed25519)
{
    JUDGE_ALL(KEY_ED25519, proof_rows);
}

Test(gate, a_client_without_possession_needs_no_proof)
{
    static const struct row rows[] = {
        { "free, no token", REFUSE_CLIENT, .form = ASKS "free", .tokens = NO },
        { "free, expired", REFUSE_STALE, .form = ASKS "free",
          .token = { .sub = "free", .age = 400 } },
        { "free, no proof", ACCEPTED, .form = ASKS "free", .token = { .sub = "free" },
          .proofs = NO },
        { "app, no proof", REFUSE_ATTESTATION, .proofs = NO },
    };

    JUDGE_ALL(KEY_P256, rows);
}

static bool same_id(const struct gate_pass *a, const struct gate_pass *b)
{
    return memcmp(&a->proof.dues.list[0].key, &b->proof.dues.list[0].key,
                  sizeof(struct store_key)) == 0;
}

Test(gate, what_it_hands_on)
{
    struct bench b = make_bench(KEY_P256);
    const struct row good = { "good", .proof = { .id = "one", .challenge = "c" } };
    const struct row other_id = { "another id", .proof = { .id = "two" } };
    const struct row free_row = { "free", .form = ASKS "free", .token = { .sub = "free" } };
    struct digest jkt = jwk_thumbprint(&b.instance.public);
    struct gate_pass pass, again, other;

    cr_assert_eq(judge(&b, &good, &pass).refusal, ACCEPTED);
    cr_expect_str_eq(pass.client->id, "app");
    cr_expect(pass.has_jkt && memcmp(&pass.jkt, &jkt, sizeof jkt) == 0);
    cr_assert_eq(pass.proof.dues.count, 2);
    cr_expect(!pass.proof.dues.list[0].is_challenge && pass.proof.dues.list[1].is_challenge);
    cr_expect_eq(pass.proof.dues.list[0].ttl_ms, (60 + 2 * 30 + 1) * 1000);
    judge(&b, &good, &again);
    cr_expect(same_id(&pass, &again));
    judge(&b, &other_id, &other);
    cr_expect(!same_id(&pass, &other));
    cr_expect_eq(judge(&b, &free_row, &other).refusal, ACCEPTED);
    cr_expect_eq(other.proof.dues.count, 0);
    configured_clear(&b.c);
}

Test(gate, a_token_of_limited_use_is_owed_too)
{
    struct bench b = make_bench(KEY_P256);
    struct row row = { "once", .form = ASKS "once", .token = { .sub = "once", .age = 100 } };
    struct gate_pass pass, again, other;

    cr_assert_eq(judge(&b, &row, &pass).refusal, ACCEPTED);
    cr_assert_eq(pass.proof.dues.count, 1);
    cr_expect_eq(pass.proof.dues.list[0].ttl_ms, (200 + 30 + 1) * 1000, "until it has expired");
    cr_expect_eq(pass.proof.dues.list[0].otherwise.refusal, REFUSE_STALE);
    row.token.instance = &b.stranger;
    cr_assert_eq(judge(&b, &row, &again).refusal, ACCEPTED);
    cr_expect(same_id(&pass, &again), "whoever presents it");
    row.token.id = "another";
    cr_assert_eq(judge(&b, &row, &other).refusal, ACCEPTED);
    cr_expect(!same_id(&pass, &other));
    configured_clear(&b.c);
}

Test(gate, one_jti_of_two_instances_or_clients_is_two_ids)
{
    struct bench b = make_bench(KEY_P256);
    struct row row = { "one", .proof = { .id = "one" } };
    struct gate_pass mine, theirs;

    cr_assert_eq(judge(&b, &row, &mine).refusal, ACCEPTED);
    row.token.instance = &b.stranger;
    row.stranger_proves = true;
    cr_assert_eq(judge(&b, &row, &theirs).refusal, ACCEPTED);
    cr_expect(!same_id(&mine, &theirs));
    configured_clear(&b.c);
}
