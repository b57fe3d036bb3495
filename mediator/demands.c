#include "demands.h"

#include "policy.h"

static uint32_t shorter(uint32_t a, uint32_t b)
{
    if (a == 0 || b == 0)
        return a ? a : b;
    return a < b ? a : b;
}

void demands_add(struct demands *d, const struct demands *more)
{
    if (more->min_coverage > d->min_coverage)
        d->min_coverage = more->min_coverage;
    if (more->min_streak > d->min_streak)
        d->min_streak = more->min_streak;
    d->max_age = shorter(d->max_age, more->max_age);
}

static bool has_word(struct slice list, const char *word)
{
    while (list.data)
        if (slice_is(slice_cut(&list, ' '), word))
            return true;
    return false;
}

static bool redeems_a_code(const struct form *form)
{
    struct slice grant = policy_value(form, "grant_type");

    return slice_is(grant, GRANT_AUTHORIZATION_CODE) || slice_is(grant, GRANT_DEVICE_CODE);
}

void demands_add_scopes(struct demands *d, const struct client *client, const struct form *form)
{
    struct slice asked = policy_value(form, "scope");

    if (asked.len == 0 && redeems_a_code(form))
        return;
    for (size_t i = 0; i < client->rule_count; i++) {
        const struct scope_rule *rule = &client->rules[i];
        if (asked.len == 0 || has_word(asked, rule->scope))
            demands_add(d, &rule->demands);
    }
}
