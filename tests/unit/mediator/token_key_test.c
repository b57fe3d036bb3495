#include "token_key.h"

#include "check.h"
#include "configured.h"
#include "gate.h"
#include "json.h"
#include "mint.h"
#include "policy.h"

/* "%k" stands for the path of a JWK Set with `es` and `ed`. */
#define CLIENTS                                                                                    \
    "issuer = \"" MINT_ISSUER "\"\n"                                                               \
    "upstream \"as\" { issuer = \"https://as.example\" }\n"                                        \
    "client \"mac\" { keyring = \"%s\"\n possession = \"none\" }\n"                                \
    "client \"es\" { token_alg = \"ES256\"\n token_keys = \"%k\"\n keyring = \"%s\"\n"             \
    " possession = \"none\" }\n"                                                                   \
    "client \"es2\" { token_alg = \"ES256\"\n token_keys = \"%k\"\n auth_method = \"none\"\n"      \
    " possession = \"none\" }\n"                                                                   \
    "client \"ed\" { token_alg = \"EdDSA\"\n token_keys = \"%k\"\n keyring = \"%s\"\n"             \
    " possession = \"none\" }\n"                                                                   \
    "check \"api\" { resource = \"https://api.example\" }\n"

static struct configured c;
static struct private_key es, ed, stranger, instance;
static char keys_path[128];

static void write_key(FILE *f, const struct private_key *key, const char *kid, const char *more)
{
    char text[512];
    struct writer w = writer_over(text, sizeof text);
    struct json_writer j = json_writer_over(&w);

    json_begin_object(&j, NULL);
    jwk_write_members(&j, &key->public);
    json_text(&j, "kid", slice_of(kid));
    fprintf(f, "%.*s%s}", (int)w.len, text, more);
}

static void write_keys(int64_t es_until)
{
    char until[64] = "";
    FILE *f = fopen(keys_path, "w");

    cr_assert_not_null(f);
    if (es_until)
        snprintf(until, sizeof until, ",\"exp\":%lld", (long long)es_until);
    fputs("{\"keys\":[", f);
    write_key(f, &es, "es-kid", until);
    fputs(",", f);
    write_key(f, &ed, "ed-kid", "");
    fputs("]}", f);
    cr_assert_eq(fclose(f), 0);
}

static enum status load(const char *text)
{
    char full[4096], *to = full;

    for (; *text; text++)
        if (strncmp(text, "%k", 2) == 0)
            to = stpcpy(to, keys_path), text++;
        else
            *to++ = *text;
    *to = '\0';
    settings_free(c.model);
    c.model = NULL;
    return configured_load(&c, full);
}

static void setup(void)
{
    umask(077);
    configured_folder(&c);
    snprintf(keys_path, sizeof keys_path, "%s/jwks.json", c.folder);
    cr_assert_eq(crypto_key_generate(KEY_P256, &es), ST_OK);
    cr_assert_eq(crypto_key_generate(KEY_ED25519, &ed), ST_OK);
    cr_assert_eq(crypto_key_generate(KEY_P256, &stranger), ST_OK);
    cr_assert_eq(crypto_key_generate(KEY_P256, &instance), ST_OK);
    write_keys(0);
    cr_assert_eq(load(CLIENTS), ST_OK, "%s", c.why);
}

static void teardown(void)
{
    configured_clear(&c);
}

TestSuite(token_key, .init = setup, .fini = teardown);

static struct verdict judge(const char *client, const struct token_wish *wish, const char *check)
{
    struct text token = mint_token(wish);
    struct http1_head head = {
        .header_count = 1, .headers = { { slice_of(ATTESTATION_HEADER), slice_of(token.bytes) } }
    };
    char text[128];
    uint8_t scratch[128];
    struct form form;
    struct gate_pass pass;

    snprintf(text, sizeof text, "grant_type=refresh_token&refresh_token=x&client_id=%s", client);
    cr_assert_eq(form_parse(slice_of(text), scratch, sizeof scratch, &form), ST_OK);
    const struct gate_input in = { .settings = c.model,
                                   .head = &head,
                                   .audience = SLICE_LIT(MINT_ISSUER),
                                   .now = MINT_NOW,
                                   .form = check ? NULL : &form,
                                   .policy = policy_token,
                                   .check =
                                       check ? settings_check(c.model, slice_of(check)) : NULL };
    return gate_check(&in, &pass);
}

struct row {
    const char *name, *client, *kid;
    const struct private_key *signer; /* NULL: the secret */
    const char *sub;                  /* NULL: the client */
    enum refusal at_endpoint, at_check;
};

static void judge_row(const struct row *row)
{
    struct token_wish wish = { .secret = configured_secret(),
                               .signer = row->signer,
                               .kid = row->kid,
                               .instance = &instance,
                               .sub = row->sub ? row->sub : row->client };
    struct verdict v = judge(row->client, &wish, NULL);

    cr_expect_eq(v.refusal, row->at_endpoint, "%s: %s", row->name, v.reason ? v.reason : "passed");
    v = judge(row->client, &wish, "api");
    cr_expect_eq(v.refusal, row->at_check, "%s at /check: %s", row->name,
                 v.reason ? v.reason : "passed");
}

Test(token_key, each_client_has_one_algorithm_whatever_the_token_says)
{
    const struct row rows[] = {
        { "the secret", "mac", c.kid, NULL, NULL, ACCEPTED, ACCEPTED },
        { "the P-256 key", "es", "es-kid", &es, NULL, ACCEPTED, ACCEPTED },
        { "the same for another client", "es2", "es-kid", &es, NULL, ACCEPTED, ACCEPTED },
        { "the Ed25519 key", "ed", "ed-kid", &ed, NULL, ACCEPTED, ACCEPTED },
        { "the secret where a key is due", "es", c.kid, NULL, NULL, REFUSE_ATTESTATION,
          REFUSE_ATTESTATION },
        { "a key where the secret is due", "mac", "es-kid", &es, NULL, REFUSE_ATTESTATION,
          REFUSE_ATTESTATION },
        { "the other algorithm", "es", "ed-kid", &ed, NULL, REFUSE_ATTESTATION,
          REFUSE_ATTESTATION },
        { "the other one's kid", "es", "ed-kid", &es, NULL, REFUSE_ATTESTATION,
          REFUSE_ATTESTATION },
        { "a stranger's key", "es", "es-kid", &stranger, NULL, REFUSE_ATTESTATION,
          REFUSE_ATTESTATION },
        { "an unknown kid", "es", "nobody", &es, NULL, REFUSE_ATTESTATION, REFUSE_ATTESTATION },
        { "no kid", "es", NULL, &es, NULL, REFUSE_ATTESTATION, REFUSE_ATTESTATION },
        { "for another client", "es", "es-kid", &es, "es2", REFUSE_ATTESTATION, ACCEPTED },
        { "for a client of the secret", "es", "es-kid", &es, "mac", REFUSE_ATTESTATION,
          REFUSE_ATTESTATION },
        { "an unknown client", "nobody", "es-kid", &es, NULL, REFUSE_ATTESTATION,
          REFUSE_ATTESTATION },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        judge_row(&rows[i]);
}

/* A MAC under the public key, for a verifier that takes the token's word for alg. */
Test(token_key, a_public_key_is_no_secret)
{
    struct token_wish wish = { .secret = { es.public.x, sizeof es.public.x },
                               .kid = "es-kid",
                               .instance = &instance,
                               .sub = "es" };

    cr_expect_eq(judge("es", &wish, NULL).refusal, REFUSE_ATTESTATION);
    cr_expect_eq(judge("es", &wish, "api").refusal, REFUSE_ATTESTATION);
}

Test(token_key, a_key_that_is_past_its_time)
{
    struct token_wish wish = { .signer = &es, .kid = "es-kid", .instance = &instance, .sub = "es" };

    write_keys(MINT_NOW + 1);
    cr_assert_eq(load(CLIENTS), ST_OK, "%s", c.why);
    cr_expect_eq(judge("es", &wish, NULL).refusal, ACCEPTED);
    write_keys(MINT_NOW);
    cr_assert_eq(load(CLIENTS), ST_OK, "%s", c.why);
    cr_expect_eq(judge("es", &wish, NULL).refusal, REFUSE_ATTESTATION);
    cr_expect_eq(judge("es", &wish, "api").refusal, REFUSE_ATTESTATION);
}

/* Clients that share a key cost one check of a signature, not one each. */
Test(token_key, a_shared_key_is_handed_out_once)
{
    const struct settings *s = c.model;
    struct jwt_key a, b, other;

    cr_assert(token_key_find(settings_client(s, SLICE_LIT("es")), SLICE_LIT("es-kid"), 1, &a));
    cr_assert(token_key_find(settings_client(s, SLICE_LIT("es2")), SLICE_LIT("es-kid"), 1, &b));
    cr_assert(token_key_find(settings_client(s, SLICE_LIT("ed")), SLICE_LIT("ed-kid"), 1, &other));
    cr_expect(token_key_same(&a, &b));
    cr_expect_not(token_key_same(&a, &other));
    cr_assert(token_key_find(settings_client(s, SLICE_LIT("mac")), slice_of(c.kid), 1, &other));
    cr_expect_not(token_key_same(&a, &other));
    cr_expect(token_key_same(&other, &other));
}

Test(token_key, settings)
{
#define TOP "issuer = \"" MINT_ISSUER "\"\nupstream \"as\" { issuer = \"https://as.example\" }\n"
    static const struct {
        const char *text, *why; /* NULL: good */
    } rows[] = {
        { TOP "client \"a\" { keyring = \"%s\"\n token_alg = \"none\" }\n", "token_alg" },
        { TOP "client \"a\" { keyring = \"%s\"\n token_alg = \"RS256\" }\n", "token_alg" },
        { TOP "client \"a\" { keyring = \"%s\"\n token_alg = \"ES256\" }\n", "token_keys" },
        { TOP "client \"a\" { keyring = \"%s\"\n token_keys = \"%k\" }\n", "token_keys" },
        { TOP "client \"a\" { keyring = \"%s\"\n token_alg = \"ES256\"\n"
              " token_keys = \"/nonexistent\" }\n",
          "/nonexistent" },
        { TOP "client \"a\" { token_alg = \"ES256\"\n token_keys = \"%k\" }\n", "keyring" },
        { TOP "client \"a\" { auth_method = \"none\" }\n", "keyring" },
        { TOP "client \"a\" { keyring = \"%s\"\n forward_attestation = true\n"
              " require_challenge = true }\n",
          "require_challenge" },
        { TOP "client \"a\" { auth_method = \"none\"\n token_alg = \"EdDSA\"\n"
              " token_keys = \"%k\" }\n",
          NULL },
        { TOP "client \"a\" { keyring = \"%s\"\n forward_attestation = true }\n", NULL },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        enum status st = load(rows[i].text);
        cr_expect_eq(st, rows[i].why ? ST_INVALID : ST_OK, "%s: %s", rows[i].text, c.why);
        if (rows[i].why)
            cr_expect(strstr(c.why, rows[i].why), "%s: %s", rows[i].text, c.why);
    }
}
