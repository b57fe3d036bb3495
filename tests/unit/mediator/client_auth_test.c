#include "client_auth.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The judge of assertions. It has an enumeration of the same name as one of ours. */
#define jwt_alg libjwt_alg
#include <jwt.h>
#undef jwt_alg

#include "base64url.h"
#include "jwk.h"
#include "msg_challenge.h"
#include "signing_keys.h"

/* A client whose secret is `secret`, and the two places to put it. */
struct bench {
    char folder[64];
    struct client client;
    char form_bytes[CLIENT_AUTH_FORM_MAX], header_bytes[CLIENT_AUTH_HEADER_MAX];
    struct writer form, header;
};

static void open_bench(struct bench *b, const char *id, struct slice secret)
{
    char kid[KEYRING_KID_LEN + 1], keys[96], why[256] = "";

    memset(b, 0, sizeof *b);
    strcpy(b->folder, "/tmp/vouchsafe-auth-XXXXXX");
    cr_assert_not_null(mkdtemp(b->folder));
    snprintf(keys, sizeof keys, "%s/keys", b->folder);
    cr_assert_eq(keyring_rotate(keys, secret, 0, 0, kid, why, sizeof why), ST_OK, "%s", why);
    cr_assert_eq(keyring_read(keys, &b->client.keyring, why, sizeof why), ST_OK, "%s", why);
    b->client.id = (char *)id;
    b->client.assertion_audience = (char *)"issuer";
    b->client.assertion_lifetime = 60;
    b->form = writer_over(b->form_bytes, sizeof b->form_bytes);
    b->header = writer_over(b->header_bytes, sizeof b->header_bytes);
}

static void close_bench(struct bench *b)
{
    char command[128];

    keyring_free(b->client.keyring);
    signing_keys_free(b->client.key);
    snprintf(command, sizeof command, "rm -rf %s", b->folder);
    cr_expect_eq(system(command), 0);
}

enum { NOW = 2000000000 }; /* libjwt looks at the clock */
#define ISSUER         "https://as.example/\"realm\\"
#define TOKEN_ENDPOINT "https://as.example/token"
#define CALLED         "https://as.example/par?a=b"

static enum status try(struct bench *b, const char *method)
{
    const struct client_auth_method *m = client_auth_find(method);
    const struct client_auth_call call = { .client = &b->client,
                                           .issuer = slice_of(ISSUER),
                                           .token_endpoint = slice_of(TOKEN_ENDPOINT),
                                           .url = slice_of(CALLED),
                                           .now = NOW };

    cr_assert_not_null(m, "%s", method);
    return m->apply(&call, &b->form, &b->header);
}

static void apply(struct bench *b, const char *method)
{
    cr_assert_eq(try(b, method), ST_OK, "%s", method);
    cr_expect(!b->form.full && !b->header.full);
}

Test(client_auth, methods_that_there_are_not)
{
    cr_expect_null(client_auth_find(""));
    cr_expect_null(client_auth_find("basic"));
    cr_expect_null(client_auth_find("client_secret_basic "));
}

/* base64 of the form-encoded id, a colon, and the form-encoded secret (RFC 6749 §2.3.1). */
static const struct {
    const char *id, *secret, *basic, *post;
} vectors[] = {
    { "app", "0123456789abcdef0123456789abcdef",
      "Basic YXBwOjAxMjM0NTY3ODlhYmNkZWYwMTIzNDU2Nzg5YWJjZGVm",
      "client_secret=0123456789abcdef0123456789abcdef" },
    { "a.b-c_d~e", "+/=&?%: 0123456789abcdef0123456789",
      "Basic YS5iLWNfZH5lOiUyQiUyRiUzRCUyNiUzRiUyNSUzQSUyMDAxMjM0NTY3ODlhYmNkZWYwMTIzNDU2Nzg5",
      "client_secret=%2B%2F%3D%26%3F%25%3A%200123456789abcdef0123456789" },
    { "app", "\303\244\303\266\303\274 0123456789abcdef0123456789",
      "Basic YXBwOiVDMyVBNCVDMyVCNiVDMyVCQyUyMDAxMjM0NTY3ODlhYmNkZWYwMTIzNDU2Nzg5",
      "client_secret=%C3%A4%C3%B6%C3%BC%200123456789abcdef0123456789" },
};

Test(client_auth, basic)
{
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
        struct bench b;
        open_bench(&b, vectors[i].id, slice_of(vectors[i].secret));
        apply(&b, "client_secret_basic");
        cr_expect(slice_is(writer_slice(&b.header), vectors[i].basic), "%.*s", (int)b.header.len,
                  b.header_bytes);
        cr_expect_eq(b.form.len, 0);
        close_bench(&b);
    }
}

Test(client_auth, post)
{
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
        struct bench b;
        open_bench(&b, vectors[i].id, slice_of(vectors[i].secret));
        apply(&b, "client_secret_post");
        cr_expect(slice_is(writer_slice(&b.form), vectors[i].post), "%.*s", (int)b.form.len,
                  b.form_bytes);
        cr_expect_eq(b.header.len, 0);
        close_bench(&b);
    }
}

Test(client_auth, none)
{
    struct bench b;

    open_bench(&b, "app", slice_of(vectors[0].secret));
    apply(&b, "none");
    cr_expect_eq(b.form.len + b.header.len, 0);
    close_bench(&b);
}

/* The longest id, and the longest secret with every byte escaped. */
Test(client_auth, the_longest_credentials_fit)
{
    static const char *const methods[] = { "client_secret_basic", "client_secret_post",
                                           "client_secret_jwt" };
    static uint8_t secret[SECRET_LEN_MAX];
    char id[128 + 1] = "";

    memset(secret, '%', sizeof secret);
    memset(id, '"', CLIENT_ID_MAX);
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        char audience[ASSERTION_AUDIENCE_MAX + 1] = "x:";
        struct bench b;
        open_bench(&b, id, (struct slice){ secret, sizeof secret });
        memset(audience + 2, '"', ASSERTION_AUDIENCE_MAX - 2);
        cr_assert(assertion_audience_ok(audience));
        b.client.assertion_audience = audience;
        apply(&b, methods[i]);
        cr_expect_gt(b.form.len + b.header.len, 3 * sizeof secret);
        close_bench(&b);
    }
}

Test(client_auth, what_does_not_fit_is_not_cut)
{
    struct bench b;

    open_bench(&b, "app", slice_of(vectors[0].secret));
    b.header.cap = 20;
    cr_expect_eq(try(&b, "client_secret_basic"), ST_TOO_LARGE);
    b.form.cap = 20;
    cr_expect_eq(try(&b, "client_secret_post"), ST_TOO_LARGE);
    b.form = writer_over(b.form_bytes, 200);
    cr_expect_eq(try(&b, "client_secret_jwt"), ST_TOO_LARGE);
    close_bench(&b);
}

/* --- assertions --- */

/* What follows the parameter's name, to the end. */
static const char *assertion_in(struct bench *b)
{
    static const char type[] = "client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3A"
                               "client-assertion-type%3Ajwt-bearer&client_assertion=";

    b->form_bytes[b->form.len] = '\0';
    cr_assert(strncmp(b->form_bytes, type, sizeof type - 1) == 0, "%s", b->form_bytes);
    cr_assert_eq(b->header.len, 0);
    return b->form_bytes + sizeof type - 1;
}

static jwt_t *judge(struct bench *b, struct slice key)
{
    jwt_t *jwt = NULL;

    cr_assert_eq(jwt_decode(&jwt, assertion_in(b), key.data, (int)key.len), 0, "%s", b->form_bytes);
    cr_expect_str_eq(jwt_get_header(jwt, "typ"), "JWT");
    cr_expect_str_eq(jwt_get_grant(jwt, "iss"), b->client.id);
    cr_expect_str_eq(jwt_get_grant(jwt, "sub"), b->client.id);
    cr_expect_eq(jwt_get_grant_int(jwt, "iat"), NOW);
    cr_expect_eq(jwt_get_grant_int(jwt, "exp"), NOW + b->client.assertion_lifetime);
    return jwt;
}

#define SECRET "+/=&?%: 0123456789abcdef0123456789"

Test(client_auth, an_audience_is_a_word_or_a_uri)
{
    cr_expect(!assertion_audience_ok(""));
    cr_expect(!assertion_audience_ok("Issuer"));
    cr_expect(!assertion_audience_ok("token_endpoint "));
    cr_expect(assertion_audience_ok("issuer") && assertion_audience_ok("called"));
    cr_expect(assertion_audience_ok("urn:example:as"));
}

Test(client_auth, assertion_by_the_secret)
{
    struct bench b;

    open_bench(&b, "app", SLICE_LIT(SECRET));
    apply(&b, "client_secret_jwt");
    jwt_t *jwt = judge(&b, SLICE_LIT(SECRET));
    cr_expect_eq(jwt_get_alg(jwt), JWT_ALG_HS256);
    cr_expect_null(jwt_get_header(jwt, "kid"), "the server knows of no kid");
    cr_expect_str_eq(jwt_get_grant(jwt, "aud"), ISSUER);
    cr_expect_neq(jwt_decode(&jwt, assertion_in(&b), (const uint8_t *)SECRET, sizeof SECRET - 2), 0,
                  "with another secret");
    cr_expect_null(strstr(b.form_bytes, "0123456789abcdef"));
    close_bench(&b);
}

Test(client_auth, audiences)
{
    static const struct {
        const char *setting, *aud;
    } rows[] = {
        { "issuer", ISSUER },
        { "token_endpoint", TOKEN_ENDPOINT },
        { "called", CALLED },
        { "https://elsewhere.example/", "https://elsewhere.example/" },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct bench b;
        open_bench(&b, "app", SLICE_LIT(SECRET));
        b.client.assertion_audience = (char *)rows[i].setting;
        b.client.assertion_lifetime = 3600;
        apply(&b, "client_secret_jwt");
        jwt_t *jwt = judge(&b, SLICE_LIT(SECRET));
        cr_expect_str_eq(jwt_get_grant(jwt, "aud"), rows[i].aud);
        jwt_free(jwt);
        close_bench(&b);
    }
}

Test(client_auth, no_assertion_without_an_audience)
{
    struct bench b;

    open_bench(&b, "app", SLICE_LIT(SECRET));
    const struct client_auth_call call = { .client = &b.client, .now = NOW };
    cr_expect_eq(client_auth_find("client_secret_jwt")->apply(&call, &b.form, &b.header),
                 ST_NOT_FOUND);
    cr_expect_eq(b.form.len, 0);
    close_bench(&b);
}

Test(client_auth, each_assertion_has_an_id_of_its_own)
{
    char ids[3][64];
    struct bench b;

    open_bench(&b, "app", SLICE_LIT(SECRET));
    for (size_t i = 0; i < 3; i++) {
        b.form.len = 0;
        apply(&b, "client_secret_jwt");
        jwt_t *jwt = judge(&b, SLICE_LIT(SECRET));
        snprintf(ids[i], sizeof ids[i], "%s", jwt_get_grant(jwt, "jti"));
        cr_expect_geq(strlen(ids[i]), 22);
        jwt_free(jwt);
    }
    cr_expect(strcmp(ids[0], ids[1]) && strcmp(ids[1], ids[2]) && strcmp(ids[0], ids[2]));
    close_bench(&b);
}

/* --- by a key --- */

static void give_key(struct bench *b, enum key_type type)
{
    char jwk[512], folder[96], kid[KEYRING_KID_LEN + 1], why[256] = "";
    struct writer w = writer_over(jwk, sizeof jwk);

    snprintf(folder, sizeof folder, "%s/assertion-keys", b->folder);
    cr_assert_eq(signing_key_draw(type, &w), ST_OK);
    cr_assert_eq(keyring_rotate(folder, writer_slice(&w), NOW, NOW + 1, kid, why, sizeof why),
                 ST_OK, "%s", why);
    signing_keys_free(b->client.key);
    cr_assert_eq(signing_keys_read(folder, &b->client.key, why, sizeof why), ST_OK, "%s", why);
    cr_expect_str_eq(signing_keys_kid(b->client.key), kid);
}

/* The public keys as a server has them: read from what mediatorctl prints. */
static struct public_key published(struct bench *b, int i)
{
    char text[SIGNING_KEYS_JSON_MAX], folder[96], why[256] = "";
    struct writer w = writer_over(text, sizeof text);
    struct json_writer j = json_writer_over(&w);
    struct signing_keys *k;
    struct public_key key;
    cJSON *set;

    snprintf(folder, sizeof folder, "%s/assertion-keys", b->folder);
    cr_assert_eq(signing_keys_read(folder, &k, why, sizeof why), ST_OK);
    json_begin_object(&j, NULL);
    json_begin_array(&j, "keys");
    signing_keys_publish(k, NOW, &j);
    json_end_array(&j);
    json_end_object(&j);
    cr_expect_null(memmem(text, w.len, "\"d\"", 3), "public only");
    cr_assert_eq(json_parse_object(writer_slice(&w), &JSON_MESSAGE_LIMITS, &set), ST_OK);
    const cJSON *jwk = cJSON_GetArrayItem(cJSON_GetObjectItemCaseSensitive(set, "keys"), i);
    cr_assert_eq(jwk_read(jwk, &key), ST_OK);
    if (i == 0)
        cr_expect_str_eq(cJSON_GetObjectItem(jwk, "kid")->valuestring,
                         signing_keys_kid(b->client.key));
    cJSON_Delete(set);
    signing_keys_free(k);
    return key;
}

/* SubjectPublicKeyInfo of P-256 (RFC 5480 §2), which the judge wants in PEM. */
static struct slice pem_of(const struct public_key *key, char out[static 256])
{
    static const uint8_t head[] = { 0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48,
                                    0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48,
                                    0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04 };
    uint8_t der[sizeof head + 64];
    struct writer w = writer_over(out, 256);

    memcpy(der, head, sizeof head);
    memcpy(der + sizeof head, key->x, 32);
    memcpy(der + sizeof head + 32, key->y, 32);
    writer_text(&w, "-----BEGIN PUBLIC KEY-----\n");
    size_t start = w.len;
    base64url_write(&w, (struct slice){ der, sizeof der });
    for (size_t i = start; i < w.len; i++)
        w.data[i] = w.data[i] == '-' ? '+' : w.data[i] == '_' ? '/' : w.data[i];
    writer_text(&w, "==\n-----END PUBLIC KEY-----\n");
    writer_byte(&w, 0);
    cr_assert(!w.full);
    return slice_of(out);
}

Test(client_auth, assertion_by_a_p256_key)
{
    struct bench b;
    char pem[256];

    open_bench(&b, "app", SLICE_LIT(SECRET));
    give_key(&b, KEY_P256);
    apply(&b, "private_key_jwt");
    struct public_key key = published(&b, 0);
    jwt_t *jwt = judge(&b, pem_of(&key, pem));
    cr_expect_eq(jwt_get_alg(jwt), JWT_ALG_ES256);
    cr_expect_str_eq(jwt_get_header(jwt, "kid"), signing_keys_kid(b.client.key));
    jwt_free(jwt);
    struct private_key other;
    cr_assert_eq(crypto_key_generate(KEY_P256, &other), ST_OK);
    struct slice wrong = pem_of(&other.public, pem);
    cr_expect_neq(jwt_decode(&jwt, assertion_in(&b), wrong.data, (int)wrong.len), 0);
    close_bench(&b);
}

static bool by_key(void *arg, struct slice kid, const struct public_key *header_jwk, unsigned i,
                   struct jwt_key *out)
{
    (void)kid, (void)header_jwk;
    *out = (struct jwt_key){ .alg = JWT_EDDSA, .public = arg };
    return i == 0;
}

/* The judge knows no EdDSA: integration.mediator_auth has one that does. */
Test(client_auth, assertion_by_an_ed25519_key)
{
    const struct jwt_rules rules = { .typ = "JWT",
                                     .algs = JWT_ALG_BIT(JWT_EDDSA),
                                     .exp_required = true,
                                     .now = NOW,
                                     .max_lifetime = 60 };
    struct bench b;
    struct jwt jwt;

    open_bench(&b, "app", SLICE_LIT(SECRET));
    give_key(&b, KEY_ED25519);
    apply(&b, "private_key_jwt");
    struct public_key key = published(&b, 0);
    cr_assert_eq(jwt_verify(slice_of(assertion_in(&b)), &rules, by_key, &key, &jwt), ST_OK);
    cr_expect_str_eq(jwt.kid, signing_keys_kid(b.client.key));
    jwt_clear(&jwt);
    close_bench(&b);
}

Test(client_auth, a_rotated_key_signs_and_the_former_one_stays_published)
{
    struct bench b;
    char pem[256];

    open_bench(&b, "app", SLICE_LIT(SECRET));
    give_key(&b, KEY_P256);
    struct public_key former = published(&b, 0);
    give_key(&b, KEY_P256);
    struct public_key current = published(&b, 0), retired = published(&b, 1);
    cr_expect_eq(memcmp(former.x, retired.x, sizeof former.x), 0);
    cr_expect_neq(memcmp(former.x, current.x, sizeof former.x), 0);
    apply(&b, "private_key_jwt");
    jwt_free(judge(&b, pem_of(&current, pem)));
    close_bench(&b);
}
