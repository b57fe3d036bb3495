#include "appraise.h"

#include "folder.h"
#include "verifier.h"

static struct registry *registry;
static const struct build *build;
static struct drawn asked;
static struct attestation_request answer;
static const struct digest jkt = { { 9 } };

/* The right answer to a challenge about this test's own executable. */
static void setup(void)
{
    folder_fill();
    registry = folder_read();
    build = app_build(registry_app(registry, SLICE_LIT("app")), &build_id);
    memset(answer.challenge, 5, sizeof answer.challenge);
    draw_probes(build, &POLICY_DEFAULT, answer.challenge, 8, &asked);
    answer.evidence_count = asked.count;
    for (uint32_t i = 0; i < asked.count; i++) {
        struct crypto_hmac h;
        probe_digest_init(&h, answer.challenge, asked.probes[i].id, asked.probes[i].kind, &jkt);
        for (uint32_t b = 0; b < asked.probes[i].block_count; b++)
            verifier_of(asked.probes[i].kind)
                ->feed(asked.modules[i], asked.probes[i].blocks[b], &h);
        answer.evidence[i] = (struct evidence){ asked.probes[i].id, crypto_hmac_final(&h) };
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
    struct drawn about_changed = asked;
    uint8_t *bytes = malloc(build->modules[0].file.len);

    memcpy(bytes, build->modules[0].file.data, build->modules[0].file.len);
    for (uint32_t i = 0; i < asked.count; i++)
        if (asked.probes[i].kind == PROBE_FILE)
            bytes[(size_t)asked.probes[i].blocks[3] * PROBE_BLOCK_LEN + 17] ^= 1;
    changed.modules[0].file.data = bytes;
    about_changed.modules[0] = about_changed.modules[1] = &changed.modules[0];
    struct appraisal a = { .known = true };
    appraise_evidence(&about_changed, &answer, &jkt, &a);
    cr_assert_eq(a.claims[1].result, CLAIM_DIFFERS);
    free(bytes);
}
