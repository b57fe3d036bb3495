/* policy: from what an appraisal found to a verdict. A pure function: no clock,
 * no store, no log, so that a policy can be tried on what was recorded. */
#pragma once
#include "probe.h"

enum requirement {
    POLICY_OFF,      /* not asked */
    POLICY_REPORT,   /* asked; a failure is logged and lets pass */
    POLICY_REQUIRED, /* asked; a failure refuses */
    POLICY_REQUIREMENT_COUNT
};
const char *requirement_name(enum requirement r);
enum status requirement_read(const char *word, enum requirement *out) MUST_USE;

enum build_state { BUILD_ACTIVE, BUILD_DEPRECATED, BUILD_REVOKED, BUILD_STATE_COUNT };
const char *build_state_name(enum build_state s);
enum status build_state_read(const char *word, enum build_state *out) MUST_USE;

/* Of the whole policy: a failure refuses, or is only logged, whatever a kind's requirement is. */
enum policy_mode { POLICY_ENFORCED, POLICY_WATCHED, POLICY_MODE_COUNT };
const char *policy_mode_name(enum policy_mode m);
enum status policy_mode_read(const char *word, enum policy_mode *out) MUST_USE;

struct policy {
    enum requirement kinds[PROBE_KIND_COUNT];
    enum policy_mode mode;
    int64_t answer_deadline; /* seconds from challenge to answer */
    int64_t token_lifetime;  /* seconds */
};
extern const struct policy POLICY_DEFAULT;

/* What a kind amounts to under the mode: only what is required here vouches for an app. */
enum requirement policy_requirement(const struct policy *policy, enum probe_kind kind);

/* One probe and how it was answered. */
struct claim {
    enum probe_kind kind;
    const char *module; /* its file's name */
    enum { CLAIM_PASSED, CLAIM_MISSING, CLAIM_DIFFERS } result;
};

struct appraisal {
    bool known;       /* client and build are registered */
    bool key_matches; /* the instance key is the one the challenge was issued to */
    bool unasked;     /* there is evidence for a probe that was not asked */
    enum build_state state;
    int64_t age; /* seconds since the challenge was issued */
    uint32_t claim_count;
    struct claim claims[PROBES_MAX];
};

enum { POLICY_REASONS_MAX = 512 };
struct verdict {
    bool accepted;
    char reasons[POLICY_REASONS_MAX]; /* for the operator; also what was only reported */
};
void policy_decide(const struct policy *policy, const struct appraisal *found, struct verdict *out);
