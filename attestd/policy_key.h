/* policy_key: a policy's settings as words: what app.conf has and `attestctl policy` takes. */
#pragma once
#include "policy.h"

/* A kind of probe each, then those of the policy as a whole. */
enum { POLICY_KEY_COUNT = PROBE_KIND_COUNT + 4, POLICY_VALUE_MAX = 31 };
_Static_assert(POLICY_KEY_COUNT <= 64, "a bit for each");

struct policy_value {
    char text[POLICY_VALUE_MAX + 1];
};

const char *policy_key_name(size_t key);
/* What it may be, for people: "required, report or off". */
const char *policy_key_values(size_t key);
struct policy_value policy_key_get(const struct policy *policy, size_t key);
/* ST_INVALID, and a sentence in `why`, if it may not be that. */
enum status policy_key_set(struct policy *policy, size_t key, const char *value, char *why,
                           size_t why_cap) MUST_USE;

/* "key=value". With "default" as value the key is stated no more. ST_INVALID, and a sentence. */
enum status policy_key_assign(struct policy *policy, uint64_t *stated, const char *assignment,
                              char *why, size_t why_cap) MUST_USE;
