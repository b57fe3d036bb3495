#include "public_keys.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* RFC 7515 appendix A.3, RFC 8037 appendix A.2. */
#define P256                                                                                       \
    "\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","      \
    "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\""
#define ED25519                                                                                    \
    "\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\""
#define RSA       "{\"kty\":\"RSA\",\"kid\":\"r\",\"n\":\"AQAB\",\"e\":\"AQAB\"}"
#define SET(list) "{\"keys\":[" list "]}"

static char path[64], why[512];
static struct public_keys *keys;

static void open_file(void)
{
    umask(077);
    strcpy(path, "/tmp/vouchsafe-jwks-XXXXXX");
    int fd = mkstemp(path);
    cr_assert(fd >= 0);
    close(fd);
    keys = NULL;
}

static void close_file(void)
{
    public_keys_free(keys);
    unlink(path);
}

TestSuite(public_keys, .init = open_file, .fini = close_file);

static enum status read_text(const char *text)
{
    FILE *f = fopen(path, "w");

    cr_assert_not_null(f);
    fputs(text, f);
    cr_assert_eq(fclose(f), 0);
    public_keys_free(keys);
    keys = NULL;
    return public_keys_read(path, &keys, why, sizeof why);
}

Test(public_keys, refusals)
{
    static const char *const bad[] = {
        "",
        "[]",
        "{}",
        "{\"keys\":{}}",
        SET(""),
        SET("7"),
        SET(RSA),
        SET("{" P256 "}"),
        SET("{" P256 ",\"kid\":\"\"}"),
        SET("{" P256 ",\"kid\":7}"),
        SET("{" P256 ",\"kid\":\"a\",\"use\":\"enc\"}"),
        SET("{" P256 ",\"kid\":\"a\",\"alg\":\"EdDSA\"}"),
        SET("{" P256 ",\"kid\":\"a\",\"alg\":\"HS256\"}"),
        SET("{" P256 ",\"kid\":\"a\",\"exp\":\"never\"}"),
        SET("{" P256 ",\"kid\":\"a\",\"exp\":1.5}"),
        SET("{" P256 ",\"kid\":\"a\"},{" ED25519 ",\"kid\":\"a\"}"),
        SET("{" ED25519 ",\"kid\":\"a\",\"d\":\"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A\"}"),
        SET("{\"kty\":\"EC\",\"crv\":\"P-256\",\"kid\":\"a\",\"x\":\"AA\",\"y\":\"AA\"}"),
        SET("{" P256 ",\"kid\":\"a\"}") "x",
    };

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        cr_expect_eq(read_text(bad[i]), ST_INVALID, "%s", bad[i]);
        cr_expect(strstr(why, path), "%s names the file", why);
    }
}

Test(public_keys, a_set)
{
    cr_assert_eq(read_text(SET("{" P256 ",\"kid\":\"a\",\"alg\":\"ES256\",\"use\":\"sig\"}," RSA
                               ",{" ED25519 ",\"kid\":\"b\",\"x5t\":\"ignored\"}")),
                 ST_OK, "%s", why);
    cr_expect_eq(public_keys_find(keys, SLICE_LIT("a"), 0)->type, KEY_P256);
    cr_expect_eq(public_keys_find(keys, SLICE_LIT("b"), INT64_MAX - 1)->type, KEY_ED25519);
    cr_expect_null(public_keys_find(keys, SLICE_LIT("r"), 0), "passed over");
    cr_expect_null(public_keys_find(keys, SLICE_LIT("A"), 0));
    cr_expect_null(public_keys_find(keys, SLICE_LIT(""), 0));
}

Test(public_keys, until_its_time)
{
    cr_assert_eq(read_text(SET("{" P256 ",\"kid\":\"a\",\"exp\":2000}")), ST_OK, "%s", why);
    cr_expect_not_null(public_keys_find(keys, SLICE_LIT("a"), 1999));
    cr_expect_null(public_keys_find(keys, SLICE_LIT("a"), 2000));
}

/* Whoever may write it may sign. */
Test(public_keys, whose_file_it_is)
{
    static const struct {
        mode_t mode;
        enum status st;
    } rows[] = { { 0644, ST_OK }, { 0600, ST_OK }, { 0664, ST_DENIED }, { 0646, ST_DENIED } };

    cr_assert_eq(read_text(SET("{" P256 ",\"kid\":\"a\"}")), ST_OK);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        cr_assert_eq(chmod(path, rows[i].mode), 0);
        struct public_keys *again = NULL;
        cr_expect_eq(public_keys_read(path, &again, why, sizeof why), rows[i].st, "%o",
                     rows[i].mode);
        public_keys_free(again);
    }
    struct public_keys *none = NULL;
    cr_expect_eq(public_keys_read("/nonexistent", &none, why, sizeof why), ST_NOT_FOUND);
    cr_expect_eq(public_keys_read("/dev/null", &none, why, sizeof why), ST_DENIED);
    cr_expect_eq(public_keys_read("/tmp", &none, why, sizeof why), ST_DENIED);
}

Test(public_keys, size_from_both_sides)
{
    static char text[64 * 1024 + 2];
    const char *set = SET("{" P256 ",\"kid\":\"a\"}");

    memset(text, ' ', 64 * 1024);
    memcpy(text, set, strlen(set));
    cr_expect_eq(read_text(text), ST_OK, "%s", why);
    text[64 * 1024] = ' ';
    cr_expect_eq(read_text(text), ST_TOO_LARGE);
}

Test(public_keys, count_from_both_sides)
{
    static char text[32 * 1024];

    for (int n = 64; n <= 65; n++) {
        size_t len = (size_t)sprintf(text, "{\"keys\":[");
        for (int i = 0; i < n; i++)
            len += (size_t)sprintf(text + len, "%s{" P256 ",\"kid\":\"k%d\"}", i ? "," : "", i);
        strcpy(text + len, "]}");
        cr_expect_eq(read_text(text), n == 64 ? ST_OK : ST_TOO_LARGE);
    }
}
