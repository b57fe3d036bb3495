#include "policy_key.h"

#include <criterion/criterion.h>
#include <string.h>

static char why[512];

/* What each key may be, and may not. */
static const struct {
    const char *assignment;
    enum status st;
} cases[] = {
    { "memory=off", ST_OK },
    { "memory=report", ST_OK },
    { "memory=required", ST_OK },
    { "memory=default", ST_OK },
    { "memory=", ST_INVALID },
    { "memory=Required", ST_INVALID },
    { "memory", ST_INVALID },
    { "=required", ST_INVALID },
    { "", ST_INVALID },
    { "memroy=off", ST_INVALID },
    { "mode=enforce", ST_OK },
    { "mode=report", ST_OK },
    { "mode=off", ST_INVALID },
    { "answer_deadline=0", ST_INVALID },
    { "answer_deadline=1", ST_OK },
    { "answer_deadline=3600", ST_OK },
    { "answer_deadline=3601", ST_INVALID },
    { "answer_deadline=-1", ST_INVALID },
    { "answer_deadline=1s", ST_INVALID },
    { "token_lifetime=0", ST_INVALID },
    { "token_lifetime=1", ST_OK },
    { "token_lifetime=86400", ST_OK },
    { "token_lifetime=86401", ST_INVALID },
};

Test(policy_key, what_each_may_be)
{
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct policy policy = POLICY_DEFAULT;
        uint64_t stated = 0;
        why[0] = '\0';
        cr_assert_eq(policy_key_assign(&policy, &stated, cases[i].assignment, why, sizeof why),
                     cases[i].st, "%s", cases[i].assignment);
        cr_assert_eq(why[0] == '\0', cases[i].st == ST_OK, "%s", cases[i].assignment);
    }
}

Test(policy_key, every_key_is_read_as_it_is_written)
{
    struct policy policy = POLICY_DEFAULT;

    for (size_t key = 0; key < POLICY_KEY_COUNT; key++) {
        struct policy_value value = policy_key_get(&policy, key);
        cr_assert_neq(strlen(value.text), 0, "%s", policy_key_name(key));
        cr_assert_eq(policy_key_set(&policy, key, value.text, why, sizeof why), ST_OK, "%s", why);
        cr_assert_str_eq(policy_key_get(&policy, key).text, value.text);
    }
}

Test(policy_key, default_is_stated_no_more)
{
    struct policy policy = POLICY_DEFAULT;
    uint64_t stated = 0;

    cr_assert_eq(policy_key_assign(&policy, &stated, "token_lifetime=60", why, sizeof why), ST_OK);
    cr_assert_eq(policy_key_assign(&policy, &stated, "file=off", why, sizeof why), ST_OK);
    cr_assert_eq(policy.token_lifetime, 60);
    cr_assert_eq(stated & (UINT64_C(1) << PROBE_FILE), UINT64_C(1) << PROBE_FILE);
    cr_assert_eq(policy_key_assign(&policy, &stated, "token_lifetime=default", why, sizeof why),
                 ST_OK);
    cr_assert_eq(policy.token_lifetime, POLICY_DEFAULT.token_lifetime);
    cr_assert_eq(stated, UINT64_C(1) << PROBE_FILE);
}

Test(policy_key, an_unknown_one_is_told_which_there_are)
{
    struct policy policy = POLICY_DEFAULT;
    uint64_t stated = 0;

    cr_assert_eq(policy_key_assign(&policy, &stated, "memroy=off", why, sizeof why), ST_INVALID);
    for (size_t key = 0; key < POLICY_KEY_COUNT; key++)
        cr_assert_not_null(strstr(why, policy_key_name(key)));
}
