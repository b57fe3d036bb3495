#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base64url.h"
#include "jwk.h"
#include "jwt_verify.h"
#include "msg_attestation.h"
#include "msg_challenge.h"
#include "pop.h"
#include "self_image.h"
#include "vouchsafe/client.h"

static struct vouchsafe_core *core;

static void setup(void)
{
    cr_assert_eq(vouchsafe_core_new("app", VOUCHSAFE_KEY_P256, NULL, &core), VOUCHSAFE_OK);
}

static void teardown(void)
{
    vouchsafe_core_free(core);
}

TestSuite(core, .init = setup, .fini = teardown);

Test(core, clients_that_cannot_be)
{
    struct vouchsafe_core *none;
    char id[VOUCHSAFE_CLIENT_ID_MAX + 2];

    memset(id, 'a', sizeof id);
    id[VOUCHSAFE_CLIENT_ID_MAX + 1] = '\0';
    cr_assert_eq(vouchsafe_core_new(NULL, VOUCHSAFE_KEY_P256, NULL, &none), VOUCHSAFE_BAD_ARGUMENT);
    cr_assert_eq(vouchsafe_core_new("", VOUCHSAFE_KEY_P256, NULL, &none), VOUCHSAFE_BAD_ARGUMENT);
    cr_assert_eq(vouchsafe_core_new("a/b", VOUCHSAFE_KEY_P256, NULL, &none),
                 VOUCHSAFE_BAD_ARGUMENT);
    cr_assert_eq(vouchsafe_core_new(id, VOUCHSAFE_KEY_P256, NULL, &none), VOUCHSAFE_BAD_ARGUMENT);
    id[VOUCHSAFE_CLIENT_ID_MAX] = '\0';
    cr_assert_eq(vouchsafe_core_new(id, VOUCHSAFE_KEY_P256, NULL, &none), VOUCHSAFE_OK);
    vouchsafe_core_free(none);
}

/* The request that the core makes, as a server reads it. Free *json. */
static struct challenge_request request_of(struct vouchsafe_core *of, const char *previous,
                                           cJSON **json)
{
    static char text[VOUCHSAFE_MESSAGE_MAX];
    struct challenge_request out;

    cr_assert_eq(vouchsafe_core_challenge_request(of, previous, text, sizeof text), VOUCHSAFE_OK);
    cr_assert_eq(json_parse_object(slice_of(text), &JSON_MESSAGE_LIMITS, json), ST_OK);
    cr_assert_eq(challenge_request_decode(*json, &out), ST_OK);
    return out;
}

Test(core, the_challenge_request_names_client_build_and_key)
{
    struct self_module self;
    cJSON *json;
    char small[32];

    struct challenge_request request = request_of(core, "a.b.c", &json);
    cr_assert_eq(self_executable(&self), ST_OK);
    cr_assert(slice_is(request.client_id, "app"));
    cr_assert(build_id_equal(&request.build, &self.build_id));
    cr_assert(slice_is(request.previous, "a.b.c"));
    cJSON_Delete(json);
    cr_assert_eq(vouchsafe_core_challenge_request(core, NULL, small, sizeof small),
                 VOUCHSAFE_BAD_ARGUMENT);
    cr_assert_eq(vouchsafe_core_challenge_request(core, NULL, small, 0), VOUCHSAFE_BAD_ARGUMENT);
}

#define NONCE "\"challenge\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\""

static enum vouchsafe_error answer(const char *challenge)
{
    char out[VOUCHSAFE_MESSAGE_MAX];

    return vouchsafe_core_answer(core, challenge, strlen(challenge), out, sizeof out);
}

Test(core, hostile_challenges_are_errors)
{
    static const struct {
        const char *text;
        enum vouchsafe_error error;
    } cases[] = {
        { "", VOUCHSAFE_BAD_ANSWER },
        { "[]", VOUCHSAFE_BAD_ANSWER },
        { "{}", VOUCHSAFE_BAD_ANSWER },
        { "{" NONCE ",\"expires_in\":10}", VOUCHSAFE_BAD_ANSWER },
        { "{" NONCE ",\"expires_in\":10,\"probes\":[{}]}", VOUCHSAFE_BAD_ANSWER },
        { "{" NONCE ",\"expires_in\":10,\"probes\":[{\"id\":1,\"kind\":\"shell\",\"module\":"
          "\"0011223344556677\",\"blocks\":[]}]}",
          VOUCHSAFE_PROBE },
        { "{" NONCE ",\"expires_in\":10,\"probes\":[{\"id\":1,\"kind\":\"file\",\"module\":"
          "\"0011223344556677\",\"blocks\":[0]}]}",
          VOUCHSAFE_PROBE },
        { "{" NONCE ",\"expires_in\":10,\"probes\":[]}", VOUCHSAFE_OK },
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        cr_assert_eq(answer(cases[i].text), cases[i].error, "%s", cases[i].text);
}

Test(core, an_answer_carries_the_key_of_the_request)
{
    struct attestation_request message;
    char challenge[512], out[VOUCHSAFE_MESSAGE_MAX];
    struct self_module self;
    cJSON *json;

    cr_assert_eq(self_executable(&self), ST_OK);
    int n = snprintf(challenge, sizeof challenge,
                     "{" NONCE ",\"expires_in\":10,\"probes\":[{\"id\":9,\"kind\":\"memory\","
                     "\"module\":\"%s\",\"blocks\":[0]}]}",
                     build_id_text(&self.build_id).text);
    cr_assert_eq(vouchsafe_core_answer(core, challenge, (size_t)n, out, sizeof out), VOUCHSAFE_OK);
    cr_assert_eq(json_parse_object(slice_of(out), &JSON_MESSAGE_LIMITS, &json), ST_OK);
    cr_assert_eq(attestation_request_decode(json, &message), ST_OK);
    cJSON_Delete(json);
    struct challenge_request request = request_of(core, NULL, &json);
    struct digest jkt = jwk_thumbprint(&message.instance_key);
    cr_assert_arr_eq(jkt.bytes, request.jkt.bytes, sizeof jkt.bytes);
    cr_assert_eq(message.evidence_count, 1);
    cr_assert_eq(message.evidence[0].id, 9);
    cJSON_Delete(json);
}

static bool key_of_arg(void *arg, struct slice kid, const struct public_key *jwk, unsigned i,
                       struct jwt_key *out)
{
    const struct public_key *key = arg;

    (void)kid;
    (void)jwk;
    *out = (struct jwt_key){ .alg = jwt_alg_of_key(key->type), .public = key };
    return i == 0;
}

static struct private_key stored;
static int loads, saves;

static int load_key(void *arg, uint8_t key[VOUCHSAFE_KEY_LEN])
{
    loads++;
    memcpy(key, stored.d, VOUCHSAFE_KEY_LEN);
    return *(int *)arg;
}

static int save_key(void *arg, const uint8_t key[VOUCHSAFE_KEY_LEN])
{
    (void)arg;
    (void)key;
    saves++;
    return -1;
}

Test(core, proofs_verify_under_the_stored_key_and_are_never_the_same)
{
    static const enum vouchsafe_key_type types[] = { VOUCHSAFE_KEY_P256, VOUCHSAFE_KEY_ED25519 };
    static const enum key_type own[] = { KEY_P256, KEY_ED25519 };
    int found = 1;

    for (size_t t = 0; t < 2; t++) {
        const struct vouchsafe_key_store store = { .load = load_key,
                                                   .save = save_key,
                                                   .arg = &found };
        const struct jwt_rules rules = { .typ = POP_TYP,
                                         .now = 1000,
                                         .max_lifetime = 60,
                                         .algs = JWT_ALG_BIT(JWT_ES256) | JWT_ALG_BIT(JWT_EDDSA) };
        char first[VOUCHSAFE_POP_MAX + 1], second[VOUCHSAFE_POP_MAX + 1];
        struct vouchsafe_core *with;
        struct pop_claims claims;
        struct jwt jwt;
        cr_assert_eq(crypto_key_generate(own[t], &stored), ST_OK);
        cr_assert_eq(vouchsafe_core_new("app", types[t], &store, &with), VOUCHSAFE_OK);
        cr_assert_eq(vouchsafe_core_pop(with, "https://as.example", "c", 1000, first),
                     VOUCHSAFE_OK);
        cr_assert_eq(vouchsafe_core_pop(with, "https://as.example", NULL, 1000, second),
                     VOUCHSAFE_OK);
        cr_assert_str_neq(first, second);
        cr_assert_eq(jwt_verify(slice_of(first), &rules, key_of_arg, &stored.public, &jwt), ST_OK);
        cr_assert_eq(pop_decode(&jwt, &claims), ST_OK);
        cr_assert(slice_is(claims.audience, "https://as.example"));
        cr_assert(slice_is(claims.challenge, "c"));
        jwt_clear(&jwt);
        vouchsafe_core_free(with);
    }
    cr_assert_eq(saves, 0);
}

Test(core, key_stores_that_fail)
{
    int failed = -1, none = 0, found = 1;
    struct vouchsafe_key_store store = { .load = load_key, .save = save_key, .arg = &failed };
    struct vouchsafe_core *with;

    cr_assert_eq(vouchsafe_core_new("app", VOUCHSAFE_KEY_P256, &store, &with), VOUCHSAFE_KEY_STORE);
    store.arg = &none;
    cr_assert_eq(vouchsafe_core_new("app", VOUCHSAFE_KEY_P256, &store, &with), VOUCHSAFE_KEY_STORE,
                 "a key that cannot be kept is none");
    cr_assert_eq(saves, 1);
    store.arg = &found;
    memset(stored.d, 0, sizeof stored.d);
    cr_assert_eq(vouchsafe_core_new("app", VOUCHSAFE_KEY_P256, &store, &with), VOUCHSAFE_KEY_STORE);
}

Test(core, tokens_are_read_strictly)
{
    char token[VOUCHSAFE_TOKEN_MAX + 1];
    int64_t expires;
    const char *good = "{\"integrity_token\":\"a.b.c\",\"expires_in\":300}",
               *bad = "{\"integrity_token\":7}";

    cr_assert_eq(vouchsafe_core_token(good, strlen(good), token, &expires), VOUCHSAFE_OK);
    cr_assert_str_eq(token, "a.b.c");
    cr_assert_eq(expires, 300);
    cr_assert_eq(vouchsafe_core_token(bad, strlen(bad), token, &expires), VOUCHSAFE_BAD_ANSWER);
    cr_assert_eq(vouchsafe_core_token("x", 1, token, &expires), VOUCHSAFE_BAD_ANSWER);
}

/* What is asked for goes into the message, and an answer of another format is none. */
Test(core, formats)
{
    static const char challenge[] =
        "{\"challenge\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\","
        "\"expires_in\":10,\"probes\":[]}";
    static const struct {
        enum vouchsafe_format format;
        const char *audience, *says; /* NULL: BAD_ARGUMENT */
    } rows[] = {
        { VOUCHSAFE_INTEGRITY_TOKEN, NULL, "\"evidence\":[]}" },
        { VOUCHSAFE_EAR, NULL, "\"format\":\"ear\"}" },
        { VOUCHSAFE_CLIENT_ASSERTION, "https://as",
          "\"format\":\"client_assertion\",\"audience\":\"https://as\"}" },
        { VOUCHSAFE_CLIENT_ASSERTION, NULL, NULL },
        { VOUCHSAFE_CLIENT_ASSERTION, "", NULL },
        { VOUCHSAFE_EAR, "https://as", NULL },
        { VOUCHSAFE_INTEGRITY_TOKEN, "https://as", NULL },
        { (enum vouchsafe_format)3, NULL, NULL },
        { (enum vouchsafe_format) - 1, NULL, NULL },
    };
    struct vouchsafe_core *formats_core;
    char text[VOUCHSAFE_MESSAGE_MAX];

    cr_assert_eq(vouchsafe_core_new("app", VOUCHSAFE_KEY_P256, NULL, &formats_core), VOUCHSAFE_OK);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        enum vouchsafe_error error =
            vouchsafe_core_answer_for(formats_core, challenge, sizeof challenge - 1, rows[i].format,
                                      rows[i].audience, text, sizeof text);
        cr_assert_eq(error, rows[i].says ? VOUCHSAFE_OK : VOUCHSAFE_BAD_ARGUMENT, "%zu", i);
        if (rows[i].says)
            cr_assert(strstr(text, rows[i].says), "%s", text);
    }
    vouchsafe_core_free(formats_core);
}

Test(core, results_are_of_the_format_that_was_asked_for)
{
    static const char *const answers[] = { "{\"integrity_token\":\"a\",\"expires_in\":300}",
                                           "{\"client_assertion\":\"b\",\"expires_in\":60}",
                                           "{\"ear\":\"c\",\"expires_in\":300}" };
    static const char *const tokens[] = { "a", "b", "c" };
    char token[VOUCHSAFE_TOKEN_MAX + 1];
    int64_t expires_in;

    for (int a = 0; a < 3; a++)
        for (int f = 0; f < 3; f++) {
            enum vouchsafe_error error = vouchsafe_core_result(
                answers[a], strlen(answers[a]), (enum vouchsafe_format)f, token, &expires_in);
            cr_assert_eq(error, a == f ? VOUCHSAFE_OK : VOUCHSAFE_BAD_ANSWER);
            if (!error)
                cr_assert_str_eq(token, tokens[f]);
        }
    cr_assert_eq(vouchsafe_core_token(answers[1], strlen(answers[1]), token, &expires_in),
                 VOUCHSAFE_BAD_ANSWER);
}

Test(core, pins_come_with_the_token)
{
    static const char *const none = "{\"integrity_token\":\"a\",\"expires_in\":1}",
                             *const one = "{\"integrity_token\":\"a\",\"expires_in\":1,\"pins\":"
                                          "[\"__________________________________________8\"]}",
                             *const bad =
                                 "{\"integrity_token\":\"a\",\"expires_in\":1,\"pins\":[\"AA\"]}";
    uint8_t pins[VOUCHSAFE_PINS_MAX][32];
    size_t count = 9;

    cr_assert_eq(vouchsafe_core_pins(bad, strlen(bad), pins, &count), VOUCHSAFE_BAD_ANSWER);
    cr_assert_eq(vouchsafe_core_pins("x", 1, pins, &count), VOUCHSAFE_BAD_ANSWER);
    cr_assert_eq(vouchsafe_core_pins(none, strlen(none), pins, &count), VOUCHSAFE_OK);
    cr_assert_eq(count, 0);
    cr_assert_eq(vouchsafe_core_pins(one, strlen(one), pins, &count), VOUCHSAFE_OK);
    cr_assert_eq(count, 1);
    cr_assert_eq(pins[0][0], 0xff);
}

static int no_signature(void *arg, const uint8_t *message, size_t len,
                        uint8_t signature[VOUCHSAFE_SIGNATURE_LEN])
{
    (void)arg;
    (void)message;
    (void)len;
    (void)signature;
    return 42;
}

static int public_of_stored(void *arg, uint8_t x[VOUCHSAFE_KEY_LEN], uint8_t y[VOUCHSAFE_KEY_LEN])
{
    (void)arg;
    memcpy(x, stored.public.x, VOUCHSAFE_KEY_LEN);
    memcpy(y, stored.public.y, VOUCHSAFE_KEY_LEN);
    return 0;
}

Test(core, the_error_of_a_key_in_hardware_is_carried)
{
    const struct vouchsafe_key_store store = { .public_key = public_of_stored,
                                               .sign = no_signature };
    char pop[VOUCHSAFE_POP_MAX + 1];
    struct vouchsafe_core *with;

    cr_assert_eq(crypto_key_generate(KEY_P256, &stored), ST_OK);
    cr_assert_eq(vouchsafe_core_new("app", VOUCHSAFE_KEY_P256, &store, &with), VOUCHSAFE_OK);
    cr_assert_eq(vouchsafe_core_key_error(with), 0);
    cr_assert_eq(vouchsafe_core_pop(with, "https://as", NULL, 1, pop), VOUCHSAFE_KEY_STORE);
    cr_assert_eq(vouchsafe_core_key_error(with), 42);
    vouchsafe_core_free(with);
}

Test(core, forms_and_pkce)
{
    char form[16] = "", verifier[44], challenge[44], other[44];

    cr_assert_eq(vouchsafe_form_add(form, sizeof form, "a", "b c"), VOUCHSAFE_OK);
    cr_assert_eq(vouchsafe_form_add(form, sizeof form, "d", "&"), VOUCHSAFE_OK);
    cr_assert_str_eq(form, "a=b%20c&d=%26");
    cr_assert_eq(vouchsafe_form_add(form, sizeof form, "e", "f"), VOUCHSAFE_BAD_ARGUMENT);
    cr_assert_str_eq(form, "a=b%20c&d=%26", "what does not fit changes nothing");
    vouchsafe_pkce(verifier, challenge);
    cr_assert_eq(strlen(verifier), 43);
    struct digest hash = crypto_sha256(slice_of(verifier));
    base64url_encode(other, (struct slice){ hash.bytes, sizeof hash.bytes });
    cr_assert_str_eq(challenge, other, "S256 (RFC 7636 §4.2)");
    vouchsafe_pkce(other, challenge);
    cr_assert_str_neq(other, verifier);
}

Test(core, every_error_has_a_sentence)
{
    for (int e = 0; e <= VOUCHSAFE_ENDED; e++)
        cr_assert_gt(strlen(vouchsafe_error_text((enum vouchsafe_error)e)), 5);
    cr_assert_str_eq(vouchsafe_error_text((enum vouchsafe_error)99), "an unknown error");
}
