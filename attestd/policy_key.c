#include "policy_key.h"

#include <stdio.h>
#include <string.h>

enum { DEADLINE_MAX = 3600, LIFETIME_MAX = 86400 };

/* --- each key's reading and writing --- */

static enum status read_seconds(const char *value, uint64_t max, int64_t *out)
{
    uint64_t seconds;

    if (slice_to_u64(slice_of(value), max, &seconds) || seconds == 0)
        return ST_INVALID;
    *out = (int64_t)seconds;
    return ST_OK;
}

static enum status read_mode(struct policy *policy, const char *value)
{
    return policy_mode_read(value, &policy->mode);
}

static void write_mode(const struct policy *policy, struct writer *w)
{
    writer_text(w, policy_mode_name(policy->mode));
}

static enum status read_mappings(struct policy *policy, const char *value)
{
    return mappings_read(value, &policy->mappings);
}

static void write_mappings(const struct policy *policy, struct writer *w)
{
    writer_text(w, mappings_name(policy->mappings));
}

static enum status read_deadline(struct policy *policy, const char *value)
{
    return read_seconds(value, DEADLINE_MAX, &policy->answer_deadline);
}

static void write_deadline(const struct policy *policy, struct writer *w)
{
    writer_decimal(w, policy->answer_deadline);
}

static enum status read_lifetime(struct policy *policy, const char *value)
{
    return read_seconds(value, LIFETIME_MAX, &policy->token_lifetime);
}

static void write_lifetime(const struct policy *policy, struct writer *w)
{
    writer_decimal(w, policy->token_lifetime);
}

struct key {
    const char *name;
    const char *values;
    enum status (*read)(struct policy *, const char *value);
    void (*write)(const struct policy *, struct writer *);
};

static const struct key keys[POLICY_KEY_COUNT - PROBE_KIND_COUNT] = {
    { "mode", "enforce or report", read_mode, write_mode },
    { "mappings", "registered, system or any", read_mappings, write_mappings },
    { "answer_deadline", "1 to 3600 seconds", read_deadline, write_deadline },
    { "token_lifetime", "1 to 86400 seconds", read_lifetime, write_lifetime },
};

static const struct key *key_of(size_t key)
{
    return &keys[key - PROBE_KIND_COUNT];
}

/* --- all keys --- */

const char *policy_key_name(size_t key)
{
    return key < PROBE_KIND_COUNT ? probe_kind_name((enum probe_kind)key) : key_of(key)->name;
}

const char *policy_key_values(size_t key)
{
    return key < PROBE_KIND_COUNT ? "required, report or off" : key_of(key)->values;
}

struct policy_value policy_key_get(const struct policy *policy, size_t key)
{
    struct policy_value value = { .text = "" };
    struct writer w = writer_over(value.text, POLICY_VALUE_MAX);

    if (key < PROBE_KIND_COUNT)
        writer_text(&w, requirement_name(policy->kinds[key]));
    else
        key_of(key)->write(policy, &w);
    return value;
}

enum status policy_key_set(struct policy *policy, size_t key, const char *value, char *why,
                           size_t why_cap)
{
    enum status st = key < PROBE_KIND_COUNT ? requirement_read(value, &policy->kinds[key])
                                            : key_of(key)->read(policy, value);

    if (st)
        snprintf(why, why_cap, "%s is %s, not \"%s\"", policy_key_name(key), policy_key_values(key),
                 value);
    return st;
}

/* POLICY_KEY_COUNT if there is none of that name. */
static size_t find(struct slice name)
{
    size_t key = 0;

    while (key < POLICY_KEY_COUNT && !slice_is(name, policy_key_name(key)))
        key++;
    return key;
}

static enum status unknown_key(const char *assignment, char *why, size_t why_cap)
{
    int n = snprintf(why, why_cap, "\"%s\" is no setting of a policy: KEY=VALUE with one of",
                     assignment);

    for (size_t key = 0; key < POLICY_KEY_COUNT && n > 0 && (size_t)n < why_cap; key++)
        n += snprintf(why + n, why_cap - (size_t)n, " %s", policy_key_name(key));
    return ST_INVALID;
}

enum status policy_key_assign(struct policy *policy, uint64_t *stated, const char *assignment,
                              char *why, size_t why_cap)
{
    const char *value = strchr(assignment, '=');
    size_t key = POLICY_KEY_COUNT;

    if (value)
        key = find((struct slice){ (const uint8_t *)assignment, (size_t)(value - assignment) });
    if (key == POLICY_KEY_COUNT)
        return unknown_key(assignment, why, why_cap);
    value++;
    if (strcmp(value, "default") == 0) {
        *stated &= ~(UINT64_C(1) << key);
        return policy_key_set(policy, key, policy_key_get(&POLICY_DEFAULT, key).text, why, why_cap);
    }
    *stated |= UINT64_C(1) << key;
    return policy_key_set(policy, key, value, why, why_cap);
}
