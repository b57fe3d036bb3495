#include "appraise.h"

#include <string.h>

#include "secret.h"
#include "verifier.h"

static const struct evidence *evidence_for(const struct attestation_request *answer, uint32_t id)
{
    for (uint32_t i = 0; i < answer->evidence_count; i++)
        if (answer->evidence[i].id == id)
            return &answer->evidence[i];
    return NULL;
}

/* Over what the genuine app has, or over what was reported. */
static struct digest expected_digest(const struct question *q, struct slice report,
                                     const uint8_t challenge[static CHALLENGE_LEN],
                                     const struct digest *jkt)
{
    const struct probe *probe = q->probe;
    const struct verifier *verifier = verifier_of(probe->kind);
    struct crypto_hmac digest;

    probe_digest_init(&digest, challenge, probe->id, probe->kind, jkt);
    if (!verifier->feed)
        crypto_hmac_update(&digest, report);
    else
        for (uint32_t i = 0; i < probe->block_count; i++)
            verifier->feed(&q->build->modules[q->module], probe->blocks[i], &digest);
    return crypto_hmac_final(&digest);
}

static bool has_digest(const struct evidence *evidence, const struct digest *expected)
{
    return secret_equal((struct slice){ expected->bytes, sizeof expected->bytes },
                        (struct slice){ evidence->digest.bytes, sizeof evidence->digest.bytes });
}

static void add(struct appraisal *found, const struct question *q, enum claim_result result)
{
    bool of_module = probe_form(q->probe->kind)->numbers != NULL;

    claim_add(found, q->probe->kind, result,
              of_module ? slice_of(q->build->modules[q->module].name) : SLICE_LIT("process"),
              (struct slice){ NULL, 0 });
}

static void appraise_report(const struct question *q, const struct evidence *evidence,
                            struct appraisal *found)
{
    uint32_t before = found->claim_count;

    verifier_of(q->probe->kind)->judge(q, evidence->report, found);
    if (found->claim_count == before)
        add(found, q, CLAIM_PASSED);
}

static void appraise_probe(const struct question *q, const struct attestation_request *answer,
                           const struct digest *jkt, struct appraisal *found)
{
    const struct evidence *evidence = evidence_for(answer, q->probe->id);
    const struct verifier *verifier = verifier_of(q->probe->kind);

    if (!evidence) {
        add(found, q, CLAIM_MISSING);
        return;
    }
    struct digest expected = expected_digest(q, evidence->report, answer->challenge, jkt);
    bool right = has_digest(evidence, &expected);
    if (verifier->feed)
        add(found, q, right && !evidence->report.len ? CLAIM_PASSED : CLAIM_DIFFERS);
    else if (right)
        appraise_report(q, evidence, found);
    else
        add(found, q, CLAIM_UNBOUND);
}

void appraise_evidence(const struct drawn *asked, const struct attestation_request *answer,
                       const struct digest *jkt, struct appraisal *found)
{
    uint32_t answered = 0;

    found->claim_count = 0;
    for (uint32_t i = 0; i < asked->count; i++) {
        struct question q = { &asked->probes[i], asked->build, asked->modules[i] };
        appraise_probe(&q, answer, jkt, found);
        answered += evidence_for(answer, q.probe->id) != NULL;
    }
    found->unasked = answered < answer->evidence_count;
}
