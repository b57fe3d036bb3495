#include "policy.h"

#include <criterion/criterion.h>
#include <string.h>

/* An answer without fault; each case spoils it. */
static struct appraisal right(void)
{
    return (struct appraisal){ .known = true,
                               .key_matches = true,
                               .state = BUILD_ACTIVE,
                               .age = 3,
                               .claim_count = 2,
                               .claims = { { PROBE_MEMORY, "app", CLAIM_PASSED, "" },
                                           { PROBE_FILE, "lib.so", CLAIM_PASSED, "" } } };
}

static void unknown(struct appraisal *a)
{
    a->known = false;
}
static void other_key(struct appraisal *a)
{
    a->key_matches = false;
}
static void revoked(struct appraisal *a)
{
    a->state = BUILD_REVOKED;
}
static void deprecated(struct appraisal *a)
{
    a->state = BUILD_DEPRECATED;
}
static void late(struct appraisal *a)
{
    a->age = 11;
}
static void in_time(struct appraisal *a)
{
    a->age = 10;
}
static void unasked(struct appraisal *a)
{
    a->unasked = true;
}
static void memory_differs(struct appraisal *a)
{
    a->claims[0].result = CLAIM_DIFFERS;
}
static void file_missing(struct appraisal *a)
{
    a->claims[1].result = CLAIM_MISSING;
}
static void both(struct appraisal *a)
{
    memory_differs(a);
    file_missing(a);
}
static void nothing(struct appraisal *a)
{
    (void)a;
}

static const struct {
    const char *name;
    void (*spoil)(struct appraisal *);
    enum requirement memory, file;
    bool accepted;
    const char *reasons;
} cases[] = {
    { "nothing wrong", nothing, POLICY_REQUIRED, POLICY_REQUIRED, true, "" },
    { "unknown", unknown, POLICY_REQUIRED, POLICY_REQUIRED, false, "unknown client or build" },
    { "unknown, all off", unknown, POLICY_OFF, POLICY_OFF, false, "unknown client or build" },
    { "another key", other_key, POLICY_OFF, POLICY_OFF, false,
      "answered under another instance key than the challenge's" },
    { "revoked", revoked, POLICY_REPORT, POLICY_REPORT, false, "build is revoked" },
    { "deprecated", deprecated, POLICY_REQUIRED, POLICY_REQUIRED, true,
      "reported only: build is deprecated" },
    { "late", late, POLICY_REQUIRED, POLICY_REQUIRED, false, "answered too late" },
    { "just in time", in_time, POLICY_REQUIRED, POLICY_REQUIRED, true, "" },
    { "unasked", unasked, POLICY_REQUIRED, POLICY_REQUIRED, false,
      "evidence for a probe that was not asked" },
    { "memory differs", memory_differs, POLICY_REQUIRED, POLICY_REQUIRED, false,
      "memory probe of app: differs from the registered build" },
    { "memory differs, reported", memory_differs, POLICY_REPORT, POLICY_REQUIRED, true,
      "reported only: memory probe of app: differs from the registered build" },
    { "memory differs, off", memory_differs, POLICY_OFF, POLICY_REQUIRED, true, "" },
    { "file missing", file_missing, POLICY_REQUIRED, POLICY_REQUIRED, false,
      "file probe of lib.so: not answered" },
    { "both", both, POLICY_REQUIRED, POLICY_REPORT, false,
      "memory probe of app: differs from the registered build; reported only: file probe of "
      "lib.so: not answered" },
};

Test(policy, verdicts)
{
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct policy policy = POLICY_DEFAULT;
        struct appraisal found = right();
        struct verdict verdict;
        policy.kinds[PROBE_MEMORY] = cases[i].memory;
        policy.kinds[PROBE_FILE] = cases[i].file;
        cases[i].spoil(&found);
        policy_decide(&policy, &found, &verdict);
        cr_assert_eq(verdict.accepted, cases[i].accepted, "%s", cases[i].name);
        cr_assert_str_eq(verdict.reasons, cases[i].reasons, "%s", cases[i].name);
    }
}

/* What a policy that is only watched lets pass, and what it never does. */
static const struct {
    const char *name;
    void (*spoil)(struct appraisal *);
    bool accepted;
    const char *reasons;
} watched[] = {
    { "memory differs", memory_differs, true,
      "reported only: memory probe of app: differs from the registered build" },
    { "file missing", file_missing, true, "reported only: file probe of lib.so: not answered" },
    { "late", late, true, "reported only: answered too late" },
    { "nothing wrong", nothing, true, "" },
    { "unknown", unknown, false, "unknown client or build" },
    { "another key", other_key, false, "answered under another instance key than the challenge's" },
    { "unasked", unasked, false, "evidence for a probe that was not asked" },
    { "revoked", revoked, false, "build is revoked" },
};

Test(policy, watched)
{
    for (size_t i = 0; i < sizeof watched / sizeof watched[0]; i++) {
        struct policy policy = POLICY_DEFAULT;
        struct appraisal found = right();
        struct verdict verdict;
        policy.mode = POLICY_WATCHED;
        watched[i].spoil(&found);
        policy_decide(&policy, &found, &verdict);
        cr_assert_eq(verdict.accepted, watched[i].accepted, "%s", watched[i].name);
        cr_assert_str_eq(verdict.reasons, watched[i].reasons, "%s", watched[i].name);
    }
}

Test(policy, what_is_watched_vouches_for_nothing)
{
    struct policy policy = POLICY_DEFAULT;

    for (int r = 0; r < POLICY_REQUIREMENT_COUNT; r++) {
        policy.kinds[PROBE_FILE] = (enum requirement)r;
        policy.mode = POLICY_ENFORCED;
        cr_assert_eq((int)policy_requirement(&policy, PROBE_FILE), r);
        policy.mode = POLICY_WATCHED;
        cr_assert_eq(policy_requirement(&policy, PROBE_FILE),
                     r == POLICY_REQUIRED ? POLICY_REPORT : (enum requirement)r);
    }
}

Test(policy, reasons_that_do_not_fit_are_left_out_whole)
{
    struct claim claim = { .kind = PROBE_FILE, .result = CLAIM_DIFFERS };
    struct appraisal found = right();
    struct verdict verdict;

    memset(claim.subject, 'm', CLAIM_SUBJECT_MAX);
    found.claim_count = CLAIMS_MAX;
    for (uint32_t i = 0; i < CLAIMS_MAX; i++)
        found.claims[i] = claim;
    policy_decide(&POLICY_DEFAULT, &found, &verdict);
    cr_assert_not(verdict.accepted);
    cr_assert_lt(strlen(verdict.reasons), sizeof verdict.reasons);
}

/* Which of the mappings' words lets which result pass. */
Test(policy, whose_code_may_run)
{
    static const struct {
        enum claim_result result;
        bool registered, system, any;
    } rows[] = {
        { CLAIM_PASSED, true, true, true },        { CLAIM_SYSTEM, false, true, true },
        { CLAIM_FOREIGN, false, false, true },     { CLAIM_REDIRECTED_ALIEN, false, false, true },
        { CLAIM_REDIRECTED, false, false, false }, { CLAIM_ALTERED, false, false, false },
        { CLAIM_WRITABLE, false, false, false },   { CLAIM_ANONYMOUS, false, false, false },
        { CLAIM_TRACED, false, false, false },     { CLAIM_PRELOADED, false, false, false },
        { CLAIM_UNBOUND, false, false, false },    { CLAIM_MALFORMED, false, false, false },
        { CLAIM_MISSING, false, false, false },    { CLAIM_DIFFERS, false, false, false },
    };

    _Static_assert(sizeof rows / sizeof rows[0] == CLAIM_RESULT_COUNT, "all of them");
    for (size_t i = 0; i < CLAIM_RESULT_COUNT; i++) {
        const bool allowed[MAPPINGS_COUNT] = { [MAPPINGS_REGISTERED] = rows[i].registered,
                                               [MAPPINGS_SYSTEM] = rows[i].system,
                                               [MAPPINGS_ANY] = rows[i].any };
        for (int m = 0; m < MAPPINGS_COUNT; m++) {
            struct policy policy = POLICY_DEFAULT;
            struct appraisal found = right();
            struct verdict verdict;
            policy.mappings = (enum mappings)m;
            found.claims[1] = (struct claim){ PROBE_MAPS, "it", rows[i].result, "" };
            policy_decide(&policy, &found, &verdict);
            cr_assert_eq(verdict.accepted, allowed[m], "%s, %s", claim_result_name(rows[i].result),
                         mappings_name((enum mappings)m));
        }
    }
}

Test(policy, reasons_name_probe_subject_and_detail)
{
    struct appraisal found = right();
    struct verdict verdict;

    found.claims[0] = (struct claim){ PROBE_IMPORTS, "getppid in app", CLAIM_REDIRECTED, "/x.so" };
    found.claims[1] = (struct claim){ PROBE_PRELOAD, "LD_PRELOAD", CLAIM_PRELOADED, "/x.so" };
    policy_decide(&POLICY_DEFAULT, &found, &verdict);
    cr_assert_str_eq(verdict.reasons, "imports probe of getppid in app: leads to /x.so; preload "
                                      "probe of LD_PRELOAD: /x.so");
}

Test(policy, words_there_and_back)
{
    enum requirement requirement;
    enum build_state state;
    enum mappings mappings;

    for (int i = 0; i < POLICY_REQUIREMENT_COUNT; i++) {
        cr_assert_eq(requirement_read(requirement_name((enum requirement)i), &requirement), ST_OK);
        cr_assert_eq((int)requirement, i);
    }
    for (int i = 0; i < BUILD_STATE_COUNT; i++) {
        cr_assert_eq(build_state_read(build_state_name((enum build_state)i), &state), ST_OK);
        cr_assert_eq((int)state, i);
    }
    for (int i = 0; i < MAPPINGS_COUNT; i++) {
        cr_assert_eq(mappings_read(mappings_name((enum mappings)i), &mappings), ST_OK);
        cr_assert_eq((int)mappings, i);
    }
    cr_assert_eq(mappings_read("all", &mappings), ST_INVALID);
    cr_assert_eq(requirement_read("Required", &requirement), ST_INVALID);
    cr_assert_eq(build_state_read("", &state), ST_INVALID);
}

/* --- the whole table: every kind, requirement, result, allowed mappings, mode, state of the build,
 * and age --- */

struct cell {
    enum probe_kind kind;
    enum requirement requirement;
    enum policy_mode mode;
    enum mappings mappings;
    enum build_state state;
    int64_t late; /* seconds past the deadline */
    enum claim_result result;
};

/* What each of them alone amounts to. */
enum { PASSES, IS_NOTED, REFUSES };

/* From which allowed mappings on a result is none to object to; MAPPINGS_COUNT: never. */
static const int allowed_from[CLAIM_RESULT_COUNT] = {
    [CLAIM_PASSED] = MAPPINGS_REGISTERED, [CLAIM_MISSING] = MAPPINGS_COUNT,
    [CLAIM_DIFFERS] = MAPPINGS_COUNT,     [CLAIM_UNBOUND] = MAPPINGS_COUNT,
    [CLAIM_MALFORMED] = MAPPINGS_COUNT,   [CLAIM_ALTERED] = MAPPINGS_COUNT,
    [CLAIM_WRITABLE] = MAPPINGS_COUNT,    [CLAIM_ANONYMOUS] = MAPPINGS_COUNT,
    [CLAIM_FOREIGN] = MAPPINGS_ANY,       [CLAIM_SYSTEM] = MAPPINGS_SYSTEM,
    [CLAIM_REDIRECTED] = MAPPINGS_COUNT,  [CLAIM_REDIRECTED_ALIEN] = MAPPINGS_ANY,
    [CLAIM_TRACED] = MAPPINGS_COUNT,      [CLAIM_PRELOADED] = MAPPINGS_COUNT,
};

static int of_claim(const struct cell *c)
{
    if ((int)c->mappings >= allowed_from[c->result] || c->requirement == POLICY_OFF)
        return PASSES;
    return c->requirement == POLICY_REQUIRED && c->mode == POLICY_ENFORCED ? REFUSES : IS_NOTED;
}

static int of_state(const struct cell *c)
{
    static const int words[] = {
        [BUILD_ACTIVE] = PASSES, [BUILD_DEPRECATED] = IS_NOTED, [BUILD_REVOKED] = REFUSES
    };

    return words[c->state];
}

static int of_age(const struct cell *c)
{
    if (c->late <= 0)
        return PASSES;
    return c->mode == POLICY_ENFORCED ? REFUSES : IS_NOTED;
}

static void check_cell(const struct cell *c)
{
    struct policy policy = POLICY_DEFAULT;
    struct appraisal found = right();
    struct verdict verdict;
    const int parts[] = { of_claim(c), of_state(c), of_age(c) };
    int worst = PASSES;

    policy.kinds[c->kind] = c->requirement;
    policy.mode = c->mode;
    policy.mappings = c->mappings;
    found.claims[0].kind = c->kind;
    found.claims[0].result = c->result;
    found.claim_count = 1;
    found.state = c->state;
    found.age = policy.answer_deadline + c->late;
    policy_decide(&policy, &found, &verdict);
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        worst = parts[i] > worst ? parts[i] : worst;
    cr_assert_eq(verdict.accepted, worst != REFUSES, "%s %s %s %s %s late %d %s: %s",
                 probe_kind_name(c->kind), requirement_name(c->requirement),
                 policy_mode_name(c->mode), build_state_name(c->state), mappings_name(c->mappings),
                 (int)c->late, claim_result_name(c->result), verdict.reasons);
    cr_assert_eq(verdict.reasons[0] == '\0', worst == PASSES, "%s", verdict.reasons);
}

/* Counts through all combinations of what is left; each digit has its own base. */
static struct cell cell_of(unsigned n, enum probe_kind kind, enum requirement requirement)
{
    struct cell c = { .kind = kind, .requirement = requirement };

    c.result = (enum claim_result)(n % CLAIM_RESULT_COUNT);
    n /= CLAIM_RESULT_COUNT;
    c.mode = (enum policy_mode)(n % POLICY_MODE_COUNT);
    n /= POLICY_MODE_COUNT;
    c.mappings = (enum mappings)(n % MAPPINGS_COUNT);
    n /= MAPPINGS_COUNT;
    c.state = (enum build_state)(n % BUILD_STATE_COUNT);
    c.late = (int64_t)(n / BUILD_STATE_COUNT) - 1;
    return c;
}

Test(policy, table)
{
    const unsigned rest =
        CLAIM_RESULT_COUNT * POLICY_MODE_COUNT * MAPPINGS_COUNT * BUILD_STATE_COUNT * 3;

    for (int kind = 0; kind < PROBE_KIND_COUNT; kind++)
        for (int requirement = 0; requirement < POLICY_REQUIREMENT_COUNT; requirement++)
            for (unsigned n = 0; n < rest; n++) {
                struct cell c = cell_of(n, (enum probe_kind)kind, (enum requirement)requirement);
                check_cell(&c);
            }
}
