#include "recorded.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static uint8_t text[RECORDED_LINE_MAX];

static struct recorded sample(void)
{
    struct recorded r = { .time = 1790000000,
                          .client_id = "shop",
                          .build = "00112233445566778899aabb",
                          .version = "1.0 \"beta\"",
                          .jkt = "n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCgg",
                          .accepted = true };

    r.found = (struct appraisal){
        .known = true, .key_matches = true, .state = BUILD_DEPRECATED, .age = 3, .claim_count = 2
    };
    r.found.claims[0].kind = PROBE_MEMORY;
    r.found.claims[0].module = "shop";
    r.found.claims[0].result = CLAIM_DIFFERS;
    r.found.claims[1].kind = PROBE_FILE;
    r.found.claims[1].module = "libpart.so";
    r.found.claims[1].result = CLAIM_MISSING;
    return r;
}

static struct slice encoded(const struct recorded *r)
{
    struct writer w = writer_over(text, sizeof text);

    cr_assert_eq(recorded_encode(r, &w), ST_OK);
    cr_assert_eq(text[w.len - 1], '\n');
    return (struct slice){ text, w.len - 1 };
}

Test(recorded, what_is_written_is_read)
{
    struct recorded r = sample(), back;
    struct verdict before, after;

    cr_assert_eq(recorded_decode(encoded(&r), &back), ST_OK);
    cr_assert_eq(back.time, r.time);
    cr_assert_str_eq(back.client_id, r.client_id);
    cr_assert_str_eq(back.build, r.build);
    cr_assert_str_eq(back.version, r.version);
    cr_assert_str_eq(back.jkt, r.jkt);
    cr_assert(back.accepted);
    policy_decide(&POLICY_DEFAULT, &r.found, &before);
    policy_decide(&POLICY_DEFAULT, &back.found, &after);
    cr_assert_eq(before.accepted, after.accepted);
    cr_assert_str_eq(before.reasons, after.reasons);
}

Test(recorded, every_result_and_state)
{
    for (int state = 0; state < BUILD_STATE_COUNT; state++) {
        for (unsigned result = CLAIM_PASSED; result <= CLAIM_DIFFERS; result++) {
            struct recorded r = sample(), back;
            r.version[0] = '\0';
            r.found.state = (enum build_state)state;
            r.found.claims[0].result = result;
            r.found.unasked = result == CLAIM_PASSED;
            r.found.key_matches = result != CLAIM_PASSED;
            cr_assert_eq(recorded_decode(encoded(&r), &back), ST_OK);
            cr_assert_eq((int)back.found.state, state);
            cr_assert_eq(back.found.claims[0].result, result);
            cr_assert_eq(back.found.unasked, r.found.unasked);
            cr_assert_eq(back.found.key_matches, r.found.key_matches);
        }
    }
}

/* What spoils a line: a text in it, and what it is replaced by. */
static const struct {
    const char *from, *to;
} spoilers[] = {
    { "\"recorded\":1", "\"recorded\":2" },
    { "\"recorded\":1,", "" },
    { "\"time\":1790000000,", "" },
    { "\"shop\",\"build\"", "7,\"build\"" },
    { "deprecated", "retired" },
    { "\"memory\"", "\"magic\"" },
    { "\"differs\"", "\"maybe\"" },
    { "\"claims\":[", "\"claims\":[3," },
    { "\"accepted\":true", "\"accepted\":1" },
    { "\"age\":3", "\"age\":\"3\"" },
    { "{", "" },
    { "}", "}x" },
};

Test(recorded, lines_that_are_none)
{
    struct recorded r = sample(), back;
    char line[RECORDED_LINE_MAX], spoiled[2 * RECORDED_LINE_MAX];

    struct slice good = encoded(&r);
    memcpy(line, good.data, good.len);
    line[good.len] = '\0';
    for (size_t i = 0; i < sizeof spoilers / sizeof spoilers[0]; i++) {
        const char *at = strstr(line, spoilers[i].from);
        cr_assert_not_null(at, "%s in %s", spoilers[i].from, line);
        snprintf(spoiled, sizeof spoiled, "%.*s%s%s", (int)(at - line), line, spoilers[i].to,
                 at + strlen(spoilers[i].from));
        cr_assert_eq(recorded_decode(slice_of(spoiled), &back), ST_INVALID, "%s", spoiled);
    }
    cr_assert_eq(recorded_decode(slice_of(""), &back), ST_INVALID);
    cr_assert_eq(recorded_decode(slice_of(line), &back), ST_OK);
}

Test(recorded, as_many_claims_as_there_are_probes_and_no_more)
{
    struct recorded r = sample(), back;
    char line[RECORDED_LINE_MAX], longer[2 * RECORDED_LINE_MAX];

    for (uint32_t i = 0; i < PROBES_MAX; i++)
        r.found.claims[i] = r.found.claims[0];
    r.found.claim_count = PROBES_MAX;
    struct slice whole = encoded(&r);
    memcpy(line, whole.data, whole.len);
    line[whole.len] = '\0';
    cr_assert_eq(recorded_decode(slice_of(line), &back), ST_OK);
    cr_assert_eq(back.found.claim_count, PROBES_MAX);
    const char *claims = strstr(line, "[{") + 1, *end = strchr(claims, '}') + 1;
    snprintf(longer, sizeof longer, "%.*s%.*s,%s", (int)(claims - line), line, (int)(end - claims),
             claims, claims);
    cr_assert_eq(recorded_decode(slice_of(longer), &back), ST_INVALID);
}
