#include "device_mint.h"

#include "jwe.h"
#include "jwk.h"
#include "jwk_oct.h"
#include "registered.h"

enum { NOW = 1800000000 };

struct mint {
    struct registered r;
    struct device_registry *devices;
    struct signing_keys *signer;
    struct device_terms terms;
    uint8_t key[OCT_KEY_LEN];
    char text[DEVICE_TOKEN_MAX];
    size_t len;
};

static void mint_open(struct mint *m, enum key_type type)
{
    static const struct device sealed = { .mode = DEVICE_SEALED };
    char folder[96];

    *m = (struct mint){ .terms = { .scope = "read", .not_before = NOW + 5, .expires = NOW + 60 },
                        .key = { 1, 2, 3 } };
    registered_open(&m->r);
    registered_add(&m->r, "pump", &sealed, NULL);
    registered_token_key(&m->r, type);
    snprintf(folder, sizeof folder, "%s/devices", m->r.folder);
    cr_assert_eq(device_registry_read(folder, &m->devices, m->r.why, sizeof m->r.why), ST_OK);
    snprintf(folder, sizeof folder, "%s/token-keys", m->r.folder);
    cr_assert_eq(signing_keys_read(folder, &m->signer, m->r.why, sizeof m->r.why), ST_OK);
}

static void mint_close(struct mint *m)
{
    signing_keys_free(m->signer);
    device_registry_free(m->devices);
    registered_close(&m->r);
}

static enum status mint_it(struct mint *m)
{
    struct writer w = writer_over(m->text, sizeof m->text);
    const struct device_minting t = { .device = device_registry_at(m->devices, 0),
                                      .terms = &m->terms,
                                      .issuer = SLICE_LIT("https://auth.example"),
                                      .client_id = SLICE_LIT("app"),
                                      .now = NOW,
                                      .key = m->key };
    enum status st = device_mint(&t, m->signer, &w);

    m->len = w.len;
    return st;
}

static struct public_key public_of(const struct mint *m)
{
    const char *kid = signing_keys_kid(m->signer);
    const struct public_key *key = signing_keys_find(m->signer, slice_of(kid), NOW);

    cr_assert_not_null(key);
    return *key;
}

static bool the_key(void *arg, struct slice kid, const struct public_key *header_jwk, unsigned i,
                    struct jwt_key *out)
{
    const struct public_key *key = arg;

    (void)kid, (void)header_jwk;
    *out = (struct jwt_key){ .alg = jwt_alg_of_key(key->type), .public = key };
    return i == 0;
}

static void check(struct mint *m, enum key_type type)
{
    const struct jwt_rules rules = { .typ = "at+jwt",
                                     .algs = JWT_ALG_BIT(jwt_alg_of_key(type)),
                                     .exp_required = true,
                                     .now = NOW + 5,
                                     .max_lifetime = 60 };
    struct public_key key = public_of(m);
    struct slice aud, jwe;
    const cJSON *cnf;
    struct jwt token;

    cr_assert_eq(mint_it(m), ST_OK);
    cr_assert_eq(
        jwt_verify((struct slice){ (uint8_t *)m->text, m->len }, &rules, the_key, &key, &token),
        ST_OK);
    cr_assert_eq(json_get_text(token.claims, "aud", 64, &aud), ST_OK);
    cr_assert(slice_is(aud, "pump"));
    cr_assert_eq(token.exp, NOW + 60);
    cr_assert_eq(json_get_object(token.claims, "cnf", &cnf), ST_OK);
    cr_assert_eq(json_get_text(cnf, "jwe", JWE_MAX_LEN, &jwe), ST_OK);
    uint8_t jwk[JWE_PLAIN_MAX + AEAD_TAG_LEN], opened[OCT_KEY_LEN];
    const struct jwe_header expected = { .kid = SLICE_LIT("k"), .cty = SLICE_LIT("jwk+json") };
    size_t len;
    cr_assert_eq(jwe_decrypt_with(&m->r.pump, &expected, jwe, jwk, sizeof jwk, &len), ST_OK);
    cr_assert_eq(jwk_oct_read((struct slice){ jwk, len }, opened), ST_OK);
    cr_assert_eq(memcmp(opened, m->key, sizeof opened), 0);
    jwt_clear(&token);
}

Test(device_mint, the_device_reads_it)
{
    struct mint m;

    for (enum key_type type = KEY_P256; type <= KEY_ED25519; type++) {
        mint_open(&m, type);
        check(&m, type);
        mint_close(&m);
    }
}

Test(device_mint, the_longest_scope_fits)
{
    struct mint m;

    mint_open(&m, KEY_P256);
    memset(m.terms.scope, 'a', GRANT_SCOPE_MAX);
    cr_assert_eq(mint_it(&m), ST_OK);
    cr_assert_leq(m.len, DEVICE_TOKEN_MAX);
    mint_close(&m);
}
