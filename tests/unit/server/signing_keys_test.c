#include "signing_keys.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "jwk_private.h"

/* RFC 7515 appendix A.3, RFC 8037 appendix A.1. */
#define P256                                                                                       \
    "\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","      \
    "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\""
#define P256_D "\"d\":\"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI\""
#define ED25519                                                                                    \
    "\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\","   \
    "\"d\":\"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A\""

static char folder[64], path[96], why[512];

static void open_folder(void)
{
    strcpy(folder, "/tmp/vouchsafe-key-XXXXXX");
    cr_assert_not_null(mkdtemp(folder));
}

static void close_folder(void)
{
    char command[128];

    snprintf(command, sizeof command, "rm -rf %s", folder);
    cr_expect_eq(system(command), 0);
}

TestSuite(signing_keys, .init = open_folder, .fini = close_folder);

static enum status read_text(const char *text, struct signing_keys **out)
{
    char kid[KEYRING_KID_LEN + 1];

    cr_assert_eq(keyring_rotate(folder, slice_of(text), 0, 0, kid, why, sizeof why), ST_OK, "%s",
                 why);
    snprintf(path, sizeof path, "%s/%s", folder, kid);
    return signing_keys_read(folder, out, why, sizeof why);
}

Test(signing_keys, refusals)
{
    static const struct {
        const char *text;
        enum status st;
    } rows[] = {
        { "a client secret of more than 32 bytes", ST_INVALID },
        { "{" P256 "}", ST_INVALID },
        { "{" P256 ",\"d\":\"AA\"}", ST_INVALID },
        { "{" P256 ",\"d\":1}", ST_INVALID },
        { "{" P256 ",\"d\":\"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A\"}", ST_INVALID },
        { "{" P256 "," P256_D ",\"kid\":7}", ST_INVALID },
        { "{" P256 "," P256_D ",\"kid\":\"\"}", ST_INVALID },
        { "{" P256 "," P256_D "," P256_D "}", ST_INVALID },
        { "{\"kty\":\"RSA\",\"n\":\"AQAB\",\"e\":\"AQAB\",\"d\":\"AQAB\"}", ST_UNSUPPORTED },
        { "{\"kty\":\"oct\",\"k\":\"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T\"}",
          ST_UNSUPPORTED },
    };
    struct signing_keys *key;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        cr_expect_eq(read_text(rows[i].text, &key), rows[i].st, "%s", rows[i].text);
        cr_expect(strstr(why, path), "%s names the file", why);
        cr_expect_null(strstr(why, "nWGx"), "and not what is in it");
    }
}

Test(signing_keys, a_file_that_others_may_read)
{
    struct signing_keys *key;

    cr_assert_eq(read_text("{" P256 "," P256_D "}", &key), ST_OK);
    signing_keys_free(key);
    cr_assert_eq(chmod(path, 0640), 0);
    cr_expect_eq(signing_keys_read(folder, &key, why, sizeof why), ST_DENIED);
    cr_assert_eq(chmod(path, 0600), 0);
    cr_assert_eq(chmod(folder, 0750), 0);
    cr_expect_eq(signing_keys_read(folder, &key, why, sizeof why), ST_DENIED);
}

Test(signing_keys, both_types_and_whose_kid)
{
    static const struct {
        const char *text, *kid;
        enum jwt_alg alg;
    } rows[] = {
        { "{" P256 "," P256_D "}\n ", NULL, JWT_ES256 },
        { "{" P256 "," P256_D ",\"kid\":\"as:1/2\",\"use\":\"sig\"}", "as:1/2", JWT_ES256 },
        { "{" ED25519 "}", NULL, JWT_EDDSA },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct signing_keys *key;
        uint8_t signature[SIGNATURE_LEN];
        cr_assert_eq(read_text(rows[i].text, &key), ST_OK, "%s", why);
        cr_expect_str_eq(signing_keys_kid(key), rows[i].kid ? rows[i].kid : strrchr(path, '/') + 1);
        cr_expect_eq(signing_keys_alg(key), rows[i].alg);
        cr_expect_eq(signing_keys_sign(key, SLICE_LIT("message"), signature), ST_OK);
        signing_keys_free(key);
    }
}

/* --- several keys --- */

static void rotate(const char *text, int64_t now, int64_t until)
{
    char kid[KEYRING_KID_LEN + 1];

    cr_assert_eq(keyring_rotate(folder, slice_of(text), now, until, kid, why, sizeof why), ST_OK);
}

static cJSON *publish(const struct signing_keys *k, int64_t now)
{
    static char text[SIGNING_KEYS_JSON_MAX];
    struct writer w = writer_over(text, sizeof text);
    struct json_writer j = json_writer_over(&w);
    cJSON *json;

    json_begin_object(&j, NULL);
    json_begin_array(&j, "keys");
    signing_keys_publish(k, now, &j);
    json_end_array(&j);
    json_end_object(&j);
    cr_assert_eq(json_parse_object(writer_slice(&w), &JSON_MESSAGE_LIMITS, &json), ST_OK);
    return json;
}

static const char *member(const cJSON *set, int i, const char *name)
{
    const cJSON *jwk = cJSON_GetArrayItem(cJSON_GetObjectItem(set, "keys"), i);

    return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(jwk, name));
}

Test(signing_keys, the_former_key_verifies_until_its_time)
{
    struct signing_keys *k;
    char former[KEYRING_KID_LEN + 1];

    cr_assert_eq(read_text("{" P256 "," P256_D "}", &k), ST_OK);
    strcpy(former, signing_keys_kid(k));
    signing_keys_free(k);
    rotate("{" ED25519 "}", 1000, 2000);
    cr_assert_eq(signing_keys_read(folder, &k, why, sizeof why), ST_OK, "%s", why);
    cr_expect_eq(signing_keys_alg(k), JWT_EDDSA, "the new one signs");
    cr_expect_eq(signing_keys_find(k, slice_of(former), 1999)->type, KEY_P256);
    cr_expect_null(signing_keys_find(k, slice_of(former), 2000));
    cr_expect_eq(signing_keys_find(k, slice_of(signing_keys_kid(k)), INT64_MAX - 1)->type,
                 KEY_ED25519);
    cr_expect_null(signing_keys_find(k, SLICE_LIT("another"), 1000));
    cr_expect_null(signing_keys_find(k, SLICE_LIT(""), 1000));
    signing_keys_free(k);
}

Test(signing_keys, what_is_published_is_public_and_still_verifies)
{
    struct signing_keys *k;

    cr_assert_eq(read_text("{" P256 "," P256_D "}", &k), ST_OK);
    signing_keys_free(k);
    rotate("{" ED25519 "}", 1000, 2000);
    cr_assert_eq(signing_keys_read(folder, &k, why, sizeof why), ST_OK, "%s", why);
    cJSON *set = publish(k, 1999);
    cr_expect_eq(cJSON_GetArraySize(cJSON_GetObjectItem(set, "keys")), 2);
    cr_expect_str_eq(member(set, 0, "alg"), "EdDSA", "the current one first");
    cr_expect_str_eq(member(set, 0, "kid"), signing_keys_kid(k));
    cr_expect_str_eq(member(set, 1, "alg"), "ES256");
    cr_expect_str_eq(member(set, 1, "use"), "sig");
    for (int i = 0; i < 2; i++) {
        const cJSON *jwk = cJSON_GetArrayItem(cJSON_GetObjectItem(set, "keys"), i);
        cr_expect_null(cJSON_GetObjectItem(jwk, "d"));
        const cJSON *exp = cJSON_GetObjectItem(jwk, "exp");
        cr_expect_eq(exp ? exp->valuedouble : 0, i ? 2000 : 0);
    }
    cJSON_Delete(set);
    set = publish(k, 2000);
    cr_expect_eq(cJSON_GetArraySize(cJSON_GetObjectItem(set, "keys")), 1);
    cJSON_Delete(set);
    signing_keys_free(k);
}

Test(signing_keys, a_former_key_that_is_none)
{
    struct signing_keys *k;

    rotate("a client secret of more than 32 bytes", 0, 0);
    rotate("{" P256 "," P256_D "}", 1000, 2000);
    cr_expect_eq(signing_keys_read(folder, &k, why, sizeof why), ST_INVALID);
}

Test(signing_keys, a_drawn_key_is_one_and_what_it_signs_verifies)
{
    static const char *const algs[] = { "ES256", "EdDSA" };

    for (size_t i = 0; i < 2; i++) {
        char text[JWK_PRIVATE_MAX + 1] = "";
        struct writer w = writer_over(text, JWK_PRIVATE_MAX);
        uint8_t signature[SIGNATURE_LEN];
        struct signing_keys *k;
        enum key_type type;

        cr_assert(signing_key_type(algs[i], &type));
        cr_assert_eq(signing_key_draw(type, &w), ST_OK);
        cr_assert_eq(read_text(text, &k), ST_OK, "%s", why);
        cr_expect_str_eq(jwt_alg_name(signing_keys_alg(k)), algs[i]);
        cr_assert_eq(signing_keys_sign(k, SLICE_LIT("message"), signature), ST_OK);
        const struct public_key *public = signing_keys_find(k, slice_of(signing_keys_kid(k)), 0);
        cr_expect_eq(crypto_verify(public, SLICE_LIT("message"), signature), ST_OK);
        cr_expect_eq(crypto_verify(public, SLICE_LIT("massage"), signature), ST_DENIED);
        signing_keys_free(k);
    }
    enum key_type type;
    cr_expect_not(signing_key_type("HS256", &type));
    cr_expect_not(signing_key_type("es256", &type));
}
