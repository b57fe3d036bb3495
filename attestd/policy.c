#include "policy.h"

#include <string.h>

#define REPORTED_ONLY "reported only: "

static const char *const requirements[POLICY_REQUIREMENT_COUNT] = {
    [POLICY_OFF] = "off", [POLICY_REPORT] = "report", [POLICY_REQUIRED] = "required"
};
static const char *const states[BUILD_STATE_COUNT] = {
    [BUILD_ACTIVE] = "active", [BUILD_DEPRECATED] = "deprecated", [BUILD_REVOKED] = "revoked"
};

static const char *const modes[POLICY_MODE_COUNT] = {
    [POLICY_ENFORCED] = "enforce", [POLICY_WATCHED] = "report"
};

static const char *const mappings[MAPPINGS_COUNT] = {
    [MAPPINGS_REGISTERED] = "registered", [MAPPINGS_SYSTEM] = "system", [MAPPINGS_ANY] = "any"
};

/* A result's word, and what the reasons say of it. */
static const struct {
    const char *name, *words;
} results[CLAIM_RESULT_COUNT] = {
    [CLAIM_PASSED] = { "passed", "" },
    [CLAIM_MISSING] = { "missing", "not answered" },
    [CLAIM_DIFFERS] = { "differs", "differs from the registered build" },
    [CLAIM_UNBOUND] = { "unbound", "reported for something else than this challenge" },
    [CLAIM_MALFORMED] = { "malformed", "malformed report" },
    [CLAIM_ALTERED] = { "altered", "altered code" },
    [CLAIM_WRITABLE] = { "writable", "writable code" },
    [CLAIM_ANONYMOUS] = { "anonymous", "anonymous code" },
    [CLAIM_FOREIGN] = { "foreign", "foreign code" },
    [CLAIM_SYSTEM] = { "system", "code of the system" },
    [CLAIM_REDIRECTED] = { "redirected", "leads to " },
    [CLAIM_REDIRECTED_ALIEN] = { "redirected_alien", "leads to " },
    [CLAIM_TRACED] = { "traced", "traced" },
    [CLAIM_PRELOADED] = { "preloaded", "" },
};

const struct policy POLICY_DEFAULT = {
    .kinds = { [PROBE_MEMORY] = POLICY_REQUIRED,
               [PROBE_FILE] = POLICY_REQUIRED,
               [PROBE_MAPS] = POLICY_REQUIRED,
               [PROBE_IMPORTS] = POLICY_REQUIRED,
               [PROBE_DEBUGGER] = POLICY_REQUIRED,
               [PROBE_PRELOAD] = POLICY_REQUIRED },
    .mappings = MAPPINGS_SYSTEM,
    .answer_deadline = 10,
    .token_lifetime = 300,
};

const char *requirement_name(enum requirement r)
{
    return requirements[r];
}

const char *policy_mode_name(enum policy_mode m)
{
    return modes[m];
}

const char *build_state_name(enum build_state s)
{
    return states[s];
}

const char *mappings_name(enum mappings m)
{
    return mappings[m];
}

const char *claim_result_name(enum claim_result r)
{
    return results[r].name;
}

static enum status find(const char *word, const char *const words[], int count, int *out)
{
    for (int i = 0; i < count; i++)
        if (strcmp(word, words[i]) == 0) {
            *out = i;
            return ST_OK;
        }
    return ST_INVALID;
}

enum status requirement_read(const char *word, enum requirement *out)
{
    int n = 0;
    enum status st = find(word, requirements, POLICY_REQUIREMENT_COUNT, &n);

    *out = (enum requirement)n;
    return st;
}

enum status build_state_read(const char *word, enum build_state *out)
{
    int n = 0;
    enum status st = find(word, states, BUILD_STATE_COUNT, &n);

    *out = (enum build_state)n;
    return st;
}

enum status policy_mode_read(const char *word, enum policy_mode *out)
{
    int n = 0;
    enum status st = find(word, modes, POLICY_MODE_COUNT, &n);

    *out = (enum policy_mode)n;
    return st;
}

enum requirement policy_requirement(const struct policy *policy, enum probe_kind kind)
{
    enum requirement requirement = policy->kinds[kind];

    return requirement == POLICY_REQUIRED && policy->mode == POLICY_WATCHED ? POLICY_REPORT
                                                                            : requirement;
}

enum status mappings_read(const char *word, enum mappings *out)
{
    int n = 0;
    enum status st = find(word, mappings, MAPPINGS_COUNT, &n);

    *out = (enum mappings)n;
    return st;
}

bool policy_allows(const struct policy *policy, const struct claim *claim)
{
    switch (claim->result) {
    case CLAIM_PASSED:
        return true;
    case CLAIM_SYSTEM:
        return policy->mappings >= MAPPINGS_SYSTEM;
    case CLAIM_FOREIGN:
    case CLAIM_REDIRECTED_ALIEN:
        return policy->mappings >= MAPPINGS_ANY;
    default:
        return false;
    }
}

/* Reasons are one text, "; " between them; what does not fit is left out. */
struct deciding {
    struct verdict *verdict;
    struct writer reasons;
};

static void note(struct deciding *d, const char *a, const char *b, const char *c)
{
    if (d->reasons.len)
        writer_text(&d->reasons, "; ");
    writer_text(&d->reasons, a);
    writer_text(&d->reasons, b);
    writer_text(&d->reasons, c);
}

static void refuse(struct deciding *d, const char *reason)
{
    d->verdict->accepted = false;
    note(d, reason, "", "");
}

static void decide_claim(struct deciding *d, const struct policy *policy, const struct claim *claim)
{
    enum requirement requirement = policy_requirement(policy, claim->kind);

    if (requirement == POLICY_OFF || policy_allows(policy, claim))
        return;
    if (requirement == POLICY_REQUIRED)
        d->verdict->accepted = false;
    note(d, requirement == POLICY_REPORT ? REPORTED_ONLY : "", probe_kind_name(claim->kind),
         " probe of ");
    writer_text(&d->reasons, claim->subject);
    writer_text(&d->reasons, ": ");
    writer_text(&d->reasons, results[claim->result].words);
    writer_text(&d->reasons, claim->detail);
}

static void decide_late(struct deciding *d, const struct policy *policy)
{
    if (policy->mode == POLICY_WATCHED)
        note(d, REPORTED_ONLY, "answered too late", "");
    else
        refuse(d, "answered too late");
}

/* The mode is about what the policy demands of an app. What is not this app's answer at all, and
 * a build that was revoked, pass under none. */
static void decide_all(struct deciding *d, const struct policy *policy,
                       const struct appraisal *found)
{
    if (!found->known) {
        refuse(d, "unknown client or build");
        return;
    }
    if (!found->key_matches) {
        refuse(d, "answered under another instance key than the challenge's");
        return; /* digests are bound to the key: they differ for that reason alone */
    }
    if (found->state == BUILD_REVOKED)
        refuse(d, "build is revoked");
    if (found->state == BUILD_DEPRECATED)
        note(d, REPORTED_ONLY, "build is deprecated", "");
    if (found->age > policy->answer_deadline)
        decide_late(d, policy);
    if (found->unasked)
        refuse(d, "evidence for a probe that was not asked");
    for (uint32_t i = 0; i < found->claim_count; i++)
        decide_claim(d, policy, &found->claims[i]);
}

void policy_decide(const struct policy *policy, const struct appraisal *found, struct verdict *out)
{
    struct deciding d = { out, writer_over(out->reasons, sizeof out->reasons - 1) };

    out->accepted = true;
    decide_all(&d, policy, found);
    out->reasons[d.reasons.len] = '\0';
}
