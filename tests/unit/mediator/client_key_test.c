#include "client_key.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

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

TestSuite(client_key, .init = open_folder, .fini = close_folder);

static enum status read_text(const char *text, struct client_key **out)
{
    char kid[KEYRING_KID_LEN + 1];

    cr_assert_eq(keyring_rotate(folder, slice_of(text), 0, 0, kid, why, sizeof why), ST_OK, "%s",
                 why);
    snprintf(path, sizeof path, "%s/%s", folder, kid);
    return client_key_read(folder, out, why, sizeof why);
}

Test(client_key, refusals)
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
    struct client_key *key;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        cr_expect_eq(read_text(rows[i].text, &key), rows[i].st, "%s", rows[i].text);
        cr_expect(strstr(why, path), "%s names the file", why);
        cr_expect_null(strstr(why, "nWGx"), "and not what is in it");
    }
}

Test(client_key, a_file_that_others_may_read)
{
    struct client_key *key;

    cr_assert_eq(read_text("{" P256 "," P256_D "}", &key), ST_OK);
    client_key_free(key);
    cr_assert_eq(chmod(path, 0640), 0);
    cr_expect_eq(client_key_read(folder, &key, why, sizeof why), ST_DENIED);
    cr_assert_eq(chmod(path, 0600), 0);
    cr_assert_eq(chmod(folder, 0750), 0);
    cr_expect_eq(client_key_read(folder, &key, why, sizeof why), ST_DENIED);
}

Test(client_key, both_types_and_whose_kid)
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
        struct client_key *key;
        uint8_t signature[SIGNATURE_LEN];
        cr_assert_eq(read_text(rows[i].text, &key), ST_OK, "%s", why);
        cr_expect_str_eq(client_key_kid(key), rows[i].kid ? rows[i].kid : strrchr(path, '/') + 1);
        cr_expect_eq(client_key_alg(key), rows[i].alg);
        cr_expect_eq(client_key_sign(key, SLICE_LIT("message"), signature), ST_OK);
        client_key_free(key);
    }
}
