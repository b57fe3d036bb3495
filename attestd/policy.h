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

/* Whose code may run in an app's process besides its own. Each allows what the former does. */
enum mappings {
    MAPPINGS_REGISTERED, /* nobody's: modules of the build alone */
    MAPPINGS_SYSTEM,     /* libraries in folders that only the system's administrator writes to */
    MAPPINGS_ANY,        /* that of any file, such as plug-ins */
    MAPPINGS_COUNT
};
const char *mappings_name(enum mappings m);
enum status mappings_read(const char *word, enum mappings *out) MUST_USE;

struct policy {
    enum requirement kinds[PROBE_KIND_COUNT];
    enum policy_mode mode;
    enum mappings mappings;
    int64_t answer_deadline; /* seconds from challenge to answer */
    int64_t token_lifetime;  /* seconds */
};
extern const struct policy POLICY_DEFAULT;

/* What a kind amounts to under the mode: only what is required here vouches for an app. */
enum requirement policy_requirement(const struct policy *policy, enum probe_kind kind);

enum claim_result {
    CLAIM_PASSED,
    CLAIM_MISSING,          /* not answered */
    CLAIM_DIFFERS,          /* from the registered build */
    CLAIM_UNBOUND,          /* a report whose digest is not that of this challenge */
    CLAIM_MALFORMED,        /* a report that cannot be read, or that leaves out what was asked */
    CLAIM_ALTERED,          /* code that is not what its file has */
    CLAIM_WRITABLE,         /* code that may be written to */
    CLAIM_ANONYMOUS,        /* code of no file */
    CLAIM_FOREIGN,          /* code of a file that is neither registered nor the system's */
    CLAIM_SYSTEM,           /* code of the system's libraries */
    CLAIM_REDIRECTED,       /* an import that leads to where its symbol is not */
    CLAIM_REDIRECTED_ALIEN, /* the same, to a file that is neither registered nor the system's */
    CLAIM_TRACED,           /* by a debugger */
    CLAIM_PRELOADED,        /* the loader was told to load something else */
    CLAIM_RESULT_COUNT
};
const char *claim_result_name(enum claim_result r);

/* One probe and how it was answered; or one of several things that its report shows. */
enum { CLAIM_SUBJECT_MAX = 119, CLAIM_DETAIL_MAX = 95 };
struct claim {
    enum probe_kind kind;
    char subject[CLAIM_SUBJECT_MAX + 1]; /* a module's name, or what the report names */
    enum claim_result result;
    char detail[CLAIM_DETAIL_MAX + 1];
};

/* Whether a claim is none to object to, required or not. */
bool policy_allows(const struct policy *policy, const struct claim *claim);

/* Of claims with the same kind and result so many are kept; a verdict needs one. */
enum { CLAIM_ALIKE_MAX = 4 };
enum { CLAIMS_MAX = PROBES_MAX + 4 * 8 * CLAIM_ALIKE_MAX };

struct appraisal {
    bool known;       /* client and build are registered */
    bool key_matches; /* the instance key is the one the challenge was issued to */
    bool unasked;     /* there is evidence for a probe that was not asked */
    enum build_state state;
    int64_t age; /* seconds since the challenge was issued */
    uint32_t claim_count;
    struct claim claims[CLAIMS_MAX];
};

enum { POLICY_REASONS_MAX = 2048 };
struct verdict {
    bool accepted;
    char reasons[POLICY_REASONS_MAX]; /* for the operator; also what was only reported */
};
void policy_decide(const struct policy *policy, const struct appraisal *found, struct verdict *out);
