#include "appraise.h"

#include "folder.h"
#include "verifier.h"

static struct registry *registry;
static const struct build *build;
static struct drawn asked;
static struct attestation_request answer;
static const struct digest jkt = { { 9 } };
static const struct policy blocks_only = {
    .kinds = { [PROBE_MEMORY] = POLICY_REQUIRED, [PROBE_FILE] = POLICY_REQUIRED }
};

/* The right answer to a challenge about this test's own executable. */
static void setup(void)
{
    folder_fill();
    registry = folder_read();
    build = app_build(registry_app(registry, SLICE_LIT("app")), &build_id);
    memset(answer.challenge, 5, sizeof answer.challenge);
    draw_probes(build, &blocks_only, answer.challenge, 8, &asked);
    answer.evidence_count = asked.count;
    for (uint32_t i = 0; i < asked.count; i++) {
        struct crypto_hmac h;
        probe_digest_init(&h, answer.challenge, asked.probes[i].id, asked.probes[i].kind, &jkt);
        for (uint32_t b = 0; b < asked.probes[i].block_count; b++)
            verifier_of(asked.probes[i].kind)
                ->feed(&build->modules[asked.modules[i]], asked.probes[i].blocks[b], &h);
        answer.evidence[i] =
            (struct evidence){ .id = asked.probes[i].id, .digest = crypto_hmac_final(&h) };
    }
}

static void teardown(void)
{
    registry_free(registry);
    folder_remove();
}

TestSuite(appraise, .init = setup, .fini = teardown);

static struct appraisal found(void)
{
    struct appraisal a = { .known = true };

    appraise_evidence(&asked, &answer, &jkt, &a);
    cr_assert_eq(a.claim_count, 2);
    return a;
}

Test(appraise, the_right_answer_passes_in_any_order)
{
    struct evidence first = answer.evidence[0];
    struct appraisal a = found();

    cr_assert(a.claims[0].result == CLAIM_PASSED && a.claims[1].result == CLAIM_PASSED &&
              !a.unasked);
    answer.evidence[0] = answer.evidence[1];
    answer.evidence[1] = first;
    a = found();
    cr_assert(a.claims[0].result == CLAIM_PASSED && a.claims[1].result == CLAIM_PASSED);
}

Test(appraise, every_flipped_bit_differs)
{
    for (size_t bit = 0; bit < 8 * SHA256_LEN; bit++) {
        answer.evidence[1].digest.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        cr_assert_eq(found().claims[1].result, CLAIM_DIFFERS);
        answer.evidence[1].digest.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    cr_assert_eq(found().claims[1].result, CLAIM_PASSED);
}

Test(appraise, what_is_left_out_is_missing)
{
    answer.evidence_count = 1;
    struct appraisal a = found();
    cr_assert_eq(a.claims[0].result, CLAIM_PASSED);
    cr_assert_eq(a.claims[1].result, CLAIM_MISSING);
    cr_assert_not(a.unasked);
}

Test(appraise, what_nobody_asked_is_seen)
{
    answer.evidence[2] = (struct evidence){ .id = 77 };
    answer.evidence_count = 3;
    cr_assert(found().unasked);
}

/* A copy of the build in which one byte of one asked block is another. */
Test(appraise, one_changed_byte_in_an_asked_block_is_seen)
{
    struct build changed = *build;
    struct module module = build->modules[0];
    struct drawn about_changed = asked;
    uint8_t *bytes = malloc(build->modules[0].file.len);

    memcpy(bytes, build->modules[0].file.data, build->modules[0].file.len);
    for (uint32_t i = 0; i < asked.count; i++)
        if (asked.probes[i].kind == PROBE_FILE)
            bytes[(size_t)asked.probes[i].blocks[3] * PROBE_BLOCK_LEN + 17] ^= 1;
    module.file.data = bytes;
    changed.modules = &module;
    about_changed.build = &changed;
    struct appraisal a = { .known = true };
    appraise_evidence(&about_changed, &answer, &jkt, &a);
    cr_assert_eq(a.claims[1].result, CLAIM_DIFFERS);
    free(bytes);
}

static void report(uint32_t i, const char *text)
{
    struct crypto_hmac h;

    probe_digest_init(&h, answer.challenge, asked.probes[i].id, asked.probes[i].kind, &jkt);
    crypto_hmac_update(&h, slice_of(text));
    answer.evidence[i] = (struct evidence){ .id = asked.probes[i].id,
                                            .digest = crypto_hmac_final(&h),
                                            .report = slice_of(text) };
}

static enum claim_result reported(const char *text)
{
    static const struct policy policy = { .kinds = { [PROBE_DEBUGGER] = POLICY_REQUIRED } };
    struct appraisal a = { .known = true };

    draw_probes(build, &policy, answer.challenge, 8, &asked);
    cr_assert_eq(asked.count, 1);
    cr_assert_eq(asked.fraction, 0, "a report covers no block");
    answer.evidence_count = 1;
    report(0, text);
    appraise_evidence(&asked, &answer, &jkt, &a);
    cr_assert_eq(a.claim_count, 1);
    cr_assert_eq(a.claims[0].kind, PROBE_DEBUGGER);
    return a.claims[0].result;
}

Test(appraise, a_report_is_judged)
{
    cr_assert_eq(reported("tracer 0\nseccomp 2\ndumpable 1\n"), CLAIM_PASSED);
    cr_assert_eq(reported("tracer 7\nseccomp 2\ndumpable 1\n"), CLAIM_TRACED);
    cr_assert_eq(reported("tracer 0\n"), CLAIM_MALFORMED);
    cr_assert_eq(reported(""), CLAIM_MALFORMED);
}

Test(appraise, a_report_counts_for_its_challenge_probe_and_key_only)
{
    struct appraisal a = { .known = true };
    const struct digest thief = { { 8 } };

    cr_assert_eq(reported("tracer 0\nseccomp 2\ndumpable 1\n"), CLAIM_PASSED);
    appraise_evidence(&asked, &answer, &thief, &a);
    cr_assert_eq(a.claims[0].result, CLAIM_UNBOUND);
    answer.challenge[3] ^= 1;
    appraise_evidence(&asked, &answer, &jkt, &a);
    cr_assert_eq(a.claims[0].result, CLAIM_UNBOUND);
    answer.challenge[3] ^= 1;
    appraise_evidence(&asked, &answer, &jkt, &a);
    cr_assert_eq(a.claims[0].result, CLAIM_PASSED);
    answer.evidence[0].report = SLICE_LIT("tracer 0\nseccomp 0\ndumpable 1\n");
    appraise_evidence(&asked, &answer, &jkt, &a);
    cr_assert_eq(a.claims[0].result, CLAIM_UNBOUND, "edited");
}

Test(appraise, blocks_are_answered_without_a_report)
{
    cr_assert_eq(found().claims[0].result, CLAIM_PASSED);
    answer.evidence[0].report = SLICE_LIT("tracer 0\n");
    cr_assert_eq(found().claims[0].result, CLAIM_DIFFERS);
}
