#include "token_keys.h"

#include "folder.h"
#include "jwk.h"

static char kid[KEYRING_KID_LEN + 1];

TestSuite(token_keys, .init = folder_make, .fini = folder_remove);

static void rotate(enum key_type type, int64_t now, int64_t until)
{
    cr_assert_eq(token_keys_rotate(folder, type, now, until, kid, why, sizeof why), ST_OK, "%s",
                 why);
}

static struct token_keys *read_keys(void)
{
    struct token_keys *keys;

    cr_assert_eq(token_keys_read(folder, &keys, why, sizeof why), ST_OK, "%s", why);
    return keys;
}

/* How many keys the set has, each of them public and whole. */
static int keys_in(struct slice text)
{
    cJSON *json;
    const cJSON *jwk;
    struct public_key key;

    cr_assert_eq(json_parse_object(text, &JSON_MESSAGE_LIMITS, &json), ST_OK);
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(json, "keys");
    cJSON_ArrayForEach(jwk, list) cr_expect_eq(jwk_read(jwk, &key), ST_OK);
    int count = cJSON_GetArraySize(list);
    cJSON_Delete(json);
    return count;
}

static int published(const struct token_keys *keys, int64_t now)
{
    char text[TOKEN_KEYS_JSON_MAX];
    struct writer w = writer_over(text, sizeof text);

    token_keys_write_set(keys, now, &w);
    cr_assert_not(w.full);
    return keys_in(writer_slice(&w));
}

Test(token_keys, none_yet)
{
    struct token_keys *keys = read_keys();

    cr_expect_null(token_keys_of(keys, JWT_ES256));
    cr_expect_null(token_keys_of(keys, JWT_HS256));
    cr_expect_eq(published(keys, 0), 0);
    token_keys_free(keys);
}

Test(token_keys, one_of_each_algorithm)
{
    rotate(KEY_ED25519, 1000, 2000);
    struct token_keys *keys = read_keys();
    cr_expect_null(token_keys_of(keys, JWT_ES256));
    cr_expect_eq(signing_keys_alg(token_keys_of(keys, JWT_EDDSA)), JWT_EDDSA);
    cr_expect_eq(published(keys, 1000), 1);
    token_keys_free(keys);
    rotate(KEY_P256, 1000, 2000);
    keys = read_keys();
    cr_expect_eq(signing_keys_alg(token_keys_of(keys, JWT_ES256)), JWT_ES256);
    cr_expect_str_eq(signing_keys_kid(token_keys_of(keys, JWT_ES256)), kid);
    cr_expect_eq(published(keys, 1000), 2);
    token_keys_free(keys);
}

Test(token_keys, a_former_key_is_published_until_its_time)
{
    rotate(KEY_P256, 1000, 2000);
    rotate(KEY_P256, 1000, 2000);
    struct token_keys *keys = read_keys();
    cr_expect_eq(published(keys, 1999), 2);
    cr_expect_eq(published(keys, 2000), 1);
    token_keys_free(keys);
}

/* As many as a keyring holds, of both: the set has room. */
Test(token_keys, the_most_there_can_be)
{
    for (int i = 0; i < KEYRING_MAX; i++) {
        rotate(KEY_P256, 1000, 9000000000);
        rotate(KEY_ED25519, 1000, 9000000000);
    }
    struct token_keys *keys = read_keys();
    cr_expect_eq(published(keys, 1000), 2 * KEYRING_MAX);
    token_keys_free(keys);
}

static struct slice read_file(const char *name, char *out, size_t cap)
{
    char path[128];

    snprintf(path, sizeof path, "%s/.keys/%s", folder, name);
    FILE *f = fopen(path, "r");
    cr_assert_not_null(f);
    size_t n = fread(out, 1, cap, f);
    fclose(f);
    return (struct slice){ (uint8_t *)out, n };
}

Test(token_keys, rotating_writes_the_public_halves_into_a_file)
{
    char text[4096];

    rotate(KEY_P256, 1000, 2000);
    rotate(KEY_ED25519, 1000, 2000);
    cr_expect_eq(keys_in(read_file("public.json", text, sizeof text)), 2);
}

Test(token_keys, apps_do_not_see_them)
{
    folder_remove();
    folder_fill();
    rotate(KEY_P256, 1000, 2000);
    struct registry *registry = folder_read();
    cr_expect_eq(registry_count(registry), 1);
    cr_expect_not_null(token_keys_of(registry_keys(registry), JWT_ES256));
    registry_free(registry);
}

Test(token_keys, what_others_may_read)
{
    static const char *const places[] = { "", "/ES256" };
    struct token_keys *keys;
    char path[128];

    rotate(KEY_P256, 1000, 2000);
    for (size_t i = 0; i < 2; i++) {
        snprintf(path, sizeof path, "%s/.keys%s", folder, places[i]);
        cr_assert_eq(chmod(path, 0750), 0);
        cr_expect_eq(token_keys_read(folder, &keys, why, sizeof why), ST_DENIED, "%s", path);
        cr_assert_eq(chmod(path, 0700), 0);
    }
    snprintf(path, sizeof path, "%s/.keys/ES256/%s", folder, kid);
    cr_assert_eq(chmod(path, 0640), 0);
    cr_expect_eq(token_keys_read(folder, &keys, why, sizeof why), ST_DENIED);
    cr_assert_eq(chmod(path, 0600), 0);
    token_keys_free(read_keys());
}

Test(token_keys, a_key_in_the_wrong_folder)
{
    char command[256];
    struct token_keys *keys;

    rotate(KEY_P256, 1000, 2000);
    snprintf(command, sizeof command, "mv %s/.keys/ES256 %s/.keys/EdDSA", folder, folder);
    cr_assert_eq(system(command), 0);
    cr_expect_eq(token_keys_read(folder, &keys, why, sizeof why), ST_INVALID);
    cr_expect(strstr(why, "EdDSA"), "%s", why);
}
