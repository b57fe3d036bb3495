#include "pins.h"

#include <criterion/criterion.h>
#include <string.h>

/* Keys are named by one letter, and written as a text of letters. */
static struct digest key(char name)
{
    struct digest out;

    memset(out.bytes, name, sizeof out.bytes);
    return out;
}

static struct pin_list list_of(const char *names)
{
    struct pin_list out = { .count = 0 };

    for (; *names; names++)
        out.pins[out.count++] = key(*names);
    return out;
}

static struct chain chain_of(const char *names)
{
    struct chain out = { .count = 0 };

    for (; *names; names++)
        out.keys[out.count++] = key(*names);
    return out;
}

static struct pins *pins_of(const char *configured, const char *delivered)
{
    struct pin_list a = list_of(configured), b = list_of(delivered);
    const struct vouchsafe_config config = { .pins = (const uint8_t(*)[32])a.pins,
                                             .pin_count = a.count,
                                             .delivered_pins = (const uint8_t(*)[32])b.pins,
                                             .delivered_pin_count = b.count };
    struct pins *out;

    cr_assert_eq(pins_new(&config, &out), VOUCHSAFE_OK);
    return out;
}

Test(pins, counts_without_pins_and_too_many)
{
    static const uint8_t many[PINS_MAX + 1][32];
    struct vouchsafe_config bad[] = {
        { .pin_count = 1 },
        { .delivered_pin_count = 1 },
        { .delivered_pins = many, .delivered_pin_count = PINS_MAX + 1 },
    };
    struct pins *out;

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        cr_assert_eq(pins_new(&bad[i], &out), VOUCHSAFE_BAD_ARGUMENT, "%zu", i);
    bad[2].delivered_pin_count = PINS_MAX;
    cr_assert_eq(pins_new(&bad[2], &out), VOUCHSAFE_OK);
    pins_free(out);
}

Test(pins, who_is_bound_by_what)
{
    static const struct {
        const char *configured, *delivered, *chain;
        bool attestd, others;
    } cases[] = {
        { "a", "", "xyz", false, false }, { "a", "b", "xyz", false, false },
        { "", "b", "xyz", false, true }, /* delivered pins bind attestd alone */
        { "a", "", "", false, false },    { "", "", "xyz", true, true },
        { "a", "", "xya", true, true },   { "ab", "", "xb", true, true },
        { "a", "b", "b", true, true },    { "a", "b", "a", true, true },
        { "", "b", "xb", true, true },
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct pins *pins = pins_of(cases[i].configured, cases[i].delivered);
        struct chain chain = chain_of(cases[i].chain);
        cr_assert_eq(pins_hold(pins, &chain, true), cases[i].attestd, "%zu", i);
        cr_assert_eq(pins_hold(pins, &chain, false), cases[i].others, "%zu", i);
        pins_free(pins);
    }
}

Test(pins, deliveries)
{
    static const struct {
        const char *configured, *before, *delivered, *chain;
        bool taken;
    } cases[] = {
        { "a", "", "", "a", false }, /* empty: changes nothing */
        { "a", "b", "", "b", false },
        { "a", "", "bc", "a", false }, /* would lock the app out at its next start */
        { "", "b", "cd", "b", false },
        { "a", "", "bc", "", false },    /* came over plain HTTP */
        { "a", "bc", "bc", "b", false }, /* no news */
        { "a", "", "ab", "xa", true },
        { "a", "bc", "cb", "b", true },
        { "", "", "bc", "c", true },
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct pins *pins = pins_of(cases[i].configured, cases[i].before);
        struct pin_list list = list_of(cases[i].delivered);
        struct chain chain = chain_of(cases[i].chain);
        bool held = pins_hold(pins, &chain, true);
        cr_assert_eq(pins_deliver(pins, &list, &chain), cases[i].taken, "%zu", i);
        cr_assert_eq(pins_hold(pins, &chain, true), held || cases[i].taken, "%zu", i);
        pins_free(pins);
    }
}

Test(pins, a_delivery_takes_the_place_of_the_one_before)
{
    struct pins *pins = pins_of("", "ab");
    struct pin_list list = list_of("bc");
    struct chain a = chain_of("a"), b = chain_of("b"), c = chain_of("c");

    cr_assert(pins_deliver(pins, &list, &b));
    cr_assert_not(pins_hold(pins, &a, true));
    cr_assert(pins_hold(pins, &b, true));
    cr_assert(pins_hold(pins, &c, true));
    pins_free(pins);
}
