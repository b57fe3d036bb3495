/* Attestations, appraised against this very program as the registered build. What was not computed
 * over the challenge is never accepted; reports that were bound to it meanwhile are judged. */
#include <string.h>

#include "appraise.h"
#include "fuzz.h"
#include "recorded.h"
#include "registry_build.h"
#include "report.h"
#include "verifier.h"

static struct build build;
static struct drawn asked;
static uint8_t challenge[CHALLENGE_LEN] = { 5 };
static const struct digest jkt = { { 9 } };

static const struct policy everything = {
    .kinds = { [PROBE_MEMORY] = POLICY_REQUIRED,
               [PROBE_FILE] = POLICY_REQUIRED,
               [PROBE_MAPS] = POLICY_REQUIRED,
               [PROBE_IMPORTS] = POLICY_REQUIRED,
               [PROBE_DEBUGGER] = POLICY_REQUIRED,
               [PROBE_PRELOAD] = POLICY_REPORT },
    .mappings = MAPPINGS_SYSTEM,
    .answer_deadline = 60,
    .token_lifetime = 300,
};

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    char why[WHY_MAX], *path = realpath("/proc/self/exe", NULL);

    (void)argc, (void)argv;
    MUST(build_make_room(&build, 1) == ST_OK);
    MUST(path && module_open(path, "app", &build.modules[0], why, sizeof why) == ST_OK);
    free(path);
    build.module_count = 1;
    build.id = build.modules[0].image.build_id;
    draw_probes(&build, &everything, challenge, 8, &asked);
    MUST(asked.count >= 5);
    return 0;
}

static void check(const struct appraisal *found, const struct verdict *verdict)
{
    MUST(found->claim_count <= CLAIMS_MAX);
    MUST(strlen(verdict->reasons) < sizeof verdict->reasons);
    for (uint32_t i = 0; i < found->claim_count; i++) {
        MUST(found->claims[i].kind < PROBE_KIND_COUNT);
        MUST(found->claims[i].result < CLAIM_RESULT_COUNT);
        MUST(strlen(found->claims[i].subject) <= CLAIM_SUBJECT_MAX);
        MUST(strlen(found->claims[i].detail) <= CLAIM_DETAIL_MAX);
    }
}

static bool appraise(const struct attestation_request *answer)
{
    static struct appraisal found;
    static struct verdict verdict;

    found = (struct appraisal){ .known = true, .key_matches = true, .state = BUILD_ACTIVE };
    appraise_evidence(&asked, answer, &jkt, &found);
    policy_decide(&everything, &found, &verdict);
    check(&found, &verdict);
    return verdict.accepted;
}

/* As an attester does that is honest about what it reports, whatever that is. */
static void bind_reports(struct attestation_request *answer)
{
    for (uint32_t i = 0; i < answer->evidence_count; i++)
        for (uint32_t p = 0; p < asked.count; p++) {
            struct crypto_hmac h;
            if (answer->evidence[i].id != asked.probes[p].id || !answer->evidence[i].report.len)
                continue;
            probe_digest_init(&h, challenge, asked.probes[p].id, asked.probes[p].kind, &jkt);
            crypto_hmac_update(&h, answer->evidence[i].report);
            answer->evidence[i].digest = crypto_hmac_final(&h);
        }
}

/* A copy in which the build's id stands for each '@', which a corpus cannot know. */
static struct slice named(struct slice text)
{
    static uint8_t copy[2 * REPORT_MAX];
    struct writer w = writer_over(copy, sizeof copy);

    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] == '@')
            writer_text(&w, build_id_text(&build.id).text);
        else
            writer_byte(&w, text.data[i]);
    return w.full ? text : writer_slice(&w);
}

/* The input is a report to every judge. */
static void judge(struct slice report)
{
    static struct appraisal found;

    found = (struct appraisal){ .known = true };
    for (uint32_t i = 0; i < asked.count; i++) {
        const struct question q = { &asked.probes[i], &build, asked.modules[i] };
        const struct verifier *v = verifier_of(q.probe->kind);
        if (v->judge)
            v->judge(&q, report, &found);
    }
    MUST(found.claim_count <= CLAIMS_MAX);
}

static void read_record(struct slice line)
{
    static struct recorded first, second;
    uint8_t text[RECORDED_LINE_MAX];
    struct writer w = writer_over(text, sizeof text);

    if (recorded_decode(line, &first) != ST_OK)
        return;
    MUST(first.found.claim_count <= CLAIMS_MAX);
    if (recorded_encode(&first, &w) == ST_OK)
        MUST(recorded_decode((struct slice){ text, w.len - 1 }, &second) == ST_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static struct attestation_request answer;
    const struct slice text = { data, len };
    cJSON *message;

    judge(named(text));
    read_record(text);
    if (json_parse_object(text, &JSON_MESSAGE_LIMITS, &message) != ST_OK)
        return 0;
    if (attestation_request_decode(message, &answer) == ST_OK) {
        memcpy(answer.challenge, challenge, sizeof challenge);
        MUST(!appraise(&answer));
        bind_reports(&answer);
        MUST(!appraise(&answer)); /* blocks cannot be guessed */
    }
    cJSON_Delete(message);
    return 0;
}
