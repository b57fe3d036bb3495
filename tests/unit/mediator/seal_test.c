#include "seal.h"

#include "base64url.h"
#include "configured.h"

enum { NOW = 1800000000, TEXT_MAX = 4096 };

struct sealed {
    char text[TEXT_MAX];
};

static struct digest mine = { { 1 } }, theirs = { { 2 } };

static struct seal_scope scope_of(const char *client, const char *issuer, const struct digest *jkt)
{
    return (struct seal_scope){ slice_of(client), slice_of(issuer), jkt };
}

static struct seal_scope home(void)
{
    return scope_of("app", "https://as.example", &mine);
}

struct keys {
    struct configured c; /* its folder only */
    char path[128];
    struct keyring *keyring;
};

static void rotate(struct keys *k, int64_t until)
{
    uint8_t secret[32];
    char kid[KEYRING_KID_LEN + 1], why[CONFIG_WHY_MAX];

    crypto_random(secret, sizeof secret);
    secret[31] = 'x';
    cr_assert_eq(keyring_rotate(k->path, (struct slice){ secret, sizeof secret }, NOW, until, kid,
                                why, sizeof why),
                 ST_OK, "%s", why);
    keyring_free(k->keyring);
    k->keyring = NULL;
    cr_assert_eq(keyring_read(k->path, &k->keyring, why, sizeof why), ST_OK, "%s", why);
}

static struct keys open_keys(void)
{
    struct keys k = { 0 };

    configured_folder(&k.c);
    snprintf(k.path, sizeof k.path, "%s/seal", k.c.folder);
    rotate(&k, NOW);
    return k;
}

static void close_keys(struct keys *k)
{
    keyring_free(k->keyring);
    configured_clear(&k->c);
}

static struct sealed close_over(const struct keys *k, struct seal_scope scope, const char *plain)
{
    struct sealed s;
    uint8_t room[TEXT_MAX];
    struct writer w = writer_over(s.text, sizeof s.text - 1);

    cr_assert_eq(seal_close(k->keyring, &scope, slice_of(plain), room, &w), ST_OK);
    s.text[w.len] = '\0';
    return s;
}

static enum status open_as(const struct keys *k, int64_t now, struct seal_scope scope,
                           const char *sealed, char *out)
{
    uint8_t room[TEXT_MAX];
    struct slice plain;
    enum status st = seal_open(k->keyring, now, &scope, slice_of(sealed), room, &plain);

    if (!st)
        cr_assert_eq(slice_copy_text(plain, out, TEXT_MAX), ST_OK);
    return st;
}

Test(seal, opens_for_nobody_else)
{
    const struct {
        const char *name;
        struct seal_scope scope;
        enum status st;
    } rows[] = {
        { "another instance", scope_of("app", "https://as.example", &theirs), ST_DENIED },
        { "another client", scope_of("apq", "https://as.example", &mine), ST_DENIED },
        { "no client", scope_of("", "https://as.example", &mine), ST_DENIED },
        { "another server", scope_of("app", "https://as.example/", &mine), ST_DENIED },
        { "the same letters, divided elsewhere", scope_of("apph", "ttps://as.example", &mine),
          ST_DENIED },
        { "its owner", home(), ST_OK },
    };
    struct keys k = open_keys();
    struct sealed s = close_over(&k, home(), "refresh me");
    char out[TEXT_MAX];

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        cr_expect_eq(open_as(&k, NOW, rows[i].scope, s.text, out), rows[i].st, "%s", rows[i].name);
    cr_expect_str_eq(out, "refresh me");
    close_keys(&k);
}

Test(seal, no_character_may_change)
{
    struct keys k = open_keys();
    struct sealed s = close_over(&k, home(), "r");
    char out[TEXT_MAX];

    for (size_t i = 0; s.text[i]; i++) {
        char was = s.text[i];
        s.text[i] = was == 'A' ? 'B' : 'A';
        cr_expect_neq(open_as(&k, NOW, home(), s.text, out), ST_OK, "at %zu", i);
        s.text[i] = was;
    }
    for (size_t len = strlen(s.text); len-- > 0;) {
        struct sealed cut = s;
        cut.text[len] = '\0';
        cr_expect_neq(open_as(&k, NOW, home(), cut.text, out), ST_OK, "cut to %zu", len);
    }
    cr_expect_eq(open_as(&k, NOW, home(), s.text, out), ST_OK);
    close_keys(&k);
}

Test(seal, what_is_none)
{
    static const struct {
        const char *text;
        enum status st;
    } rows[] = {
        { "", ST_INVALID },
        { "an ordinary refresh token", ST_INVALID },
        { "vs1", ST_INVALID },
        { "vs1.", ST_INVALID },
        { "vs1.kid", ST_INVALID },
        { "vs1.kid.", ST_INVALID },
        { "vs1.kid.AAAA", ST_INVALID },
        { "vs2.kid.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", ST_INVALID },
        { "vs1.kid.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", ST_NOT_FOUND },
    };
    struct keys k = open_keys();
    char out[TEXT_MAX];

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        cr_expect_eq(open_as(&k, NOW, home(), rows[i].text, out), rows[i].st, "%s", rows[i].text);
    cr_expect(!seal_claims(SLICE_LIT("vs1")) && !seal_claims(SLICE_LIT("xvs1.")));
    cr_expect(seal_claims(SLICE_LIT("vs1.")));
    close_keys(&k);
}

Test(seal, a_rotated_key_opens_until_it_is_retired)
{
    struct keys k = open_keys(), other = open_keys();
    struct sealed old = close_over(&k, home(), "old"), fresh;
    char out[TEXT_MAX];

    rotate(&k, NOW + 100);
    fresh = close_over(&k, home(), "fresh");
    cr_expect_neq(strncmp(old.text, fresh.text, strlen("vs1.") + KEYRING_KID_LEN), 0);
    cr_expect_eq(open_as(&k, NOW + 99, home(), old.text, out), ST_OK);
    cr_expect_eq(open_as(&k, NOW + 100, home(), old.text, out), ST_NOT_FOUND);
    cr_expect_eq(open_as(&k, NOW + 100, home(), fresh.text, out), ST_OK);
    cr_expect_str_eq(out, "fresh");
    cr_expect_eq(open_as(&other, NOW, home(), fresh.text, out), ST_NOT_FOUND, "another keyring");
    close_keys(&other);
    close_keys(&k);
}

Test(seal, two_of_one_token_share_nothing_and_sizes_are_kept)
{
    struct keys k = open_keys();
    struct sealed a = close_over(&k, home(), "x"), b = close_over(&k, home(), "x");
    struct seal_scope scope = home();
    uint8_t room[SEAL_OVERHEAD + 1];
    char text[SEAL_HEAD_MAX + BASE64URL_LEN(SEAL_OVERHEAD + 1)];

    cr_expect_str_neq(a.text, b.text);
    cr_expect_eq(strlen(a.text),
                 strlen("vs1..") + KEYRING_KID_LEN + BASE64URL_LEN(SEAL_OVERHEAD + 1));
    struct writer just = writer_over(text, strlen(a.text));
    cr_expect_eq(seal_close(k.keyring, &scope, SLICE_LIT("x"), room, &just), ST_OK);
    struct writer tight = writer_over(text, strlen(a.text) - 1);
    cr_expect_eq(seal_close(k.keyring, &scope, SLICE_LIT("x"), room, &tight), ST_TOO_LARGE);
    close_keys(&k);
}
