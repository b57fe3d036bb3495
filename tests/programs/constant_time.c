/* constant-time: does what handles secrets branch on them? Under valgrind's memcheck, which calls a
 * jump or an address that depends on undefined bytes an error: secrets are declared undefined, and
 * results defined again, since they may be told.
 *   constant-time CASE */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <valgrind/memcheck.h>

#include "crypto.h"
#include "secret.h"

enum { LEN = 32 };

static struct slice hidden(uint8_t bytes[static LEN])
{
    (void)VALGRIND_MAKE_MEM_UNDEFINED(bytes, LEN);
    return (struct slice){ bytes, LEN };
}

static bool told(bool result)
{
    (void)VALGRIND_MAKE_MEM_DEFINED(&result, sizeof result);
    return result;
}

/* The control: what a comparison must not do. */
static bool early_exit(struct slice a, struct slice b)
{
    for (size_t i = 0; i < a.len; i++)
        if (a.data[i] != b.data[i])
            return false;
    return true;
}

static void control(void)
{
    uint8_t a[LEN] = { 1 }, b[LEN] = { 1 };

    printf("%d\n", told(early_exit(hidden(a), hidden(b))));
}

static void compare(void)
{
    uint8_t same[LEN] = { 1, 2, 3 }, as_well[LEN] = { 1, 2, 3 }, first[LEN] = { 9, 2, 3 },
            last[LEN] = { 1, 2, 3 };
    last[LEN - 1] = 9;
    struct slice secret = hidden(same);

    if (!told(secret_equal(secret, hidden(as_well))) || told(secret_equal(secret, hidden(first))) ||
        told(secret_equal(secret, hidden(last))) ||
        told(secret_equal(secret, (struct slice){ first, LEN - 1 })))
        exit(1);
    puts("compared");
}

/* As a client secret signs a token and checks one. */
static void mac(void)
{
    uint8_t key[LEN] = { 7 };
    struct digest made, again;
    struct slice secret = hidden(key);

    made = crypto_hmac_sha256(secret, SLICE_LIT("header.claims"));
    again = crypto_hmac_sha256(secret, SLICE_LIT("header.claims"));
    if (!told(secret_equal((struct slice){ made.bytes, sizeof made.bytes },
                           (struct slice){ again.bytes, sizeof again.bytes })))
        exit(1);
    puts("signed");
}

static void wipe(void)
{
    uint8_t key[LEN] = { 7 };

    hidden(key);
    secret_wipe(key, sizeof key);
    for (size_t i = 0; i < sizeof key; i++)
        if (key[i])
            exit(1);
    puts("wiped");
}

static const struct {
    const char *name;
    void (*run)(void);
} cases[] = { { "control", control }, { "compare", compare }, { "mac", mac }, { "wipe", wipe } };

int main(int argc, char **argv)
{
    for (size_t i = 0; argc == 2 && i < sizeof cases / sizeof cases[0]; i++)
        if (strcmp(argv[1], cases[i].name) == 0) {
            cases[i].run();
            return 0;
        }
    fputs("usage: constant-time control|compare|mac|wipe\n", stderr);
    return 2;
}
