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

static struct digest expected_digest(const struct probe *probe, const struct module *module,
                                     const uint8_t challenge[static CHALLENGE_LEN],
                                     const struct digest *jkt)
{
    const struct verifier *verifier = verifier_of(probe->kind);
    struct crypto_hmac digest;

    probe_digest_init(&digest, challenge, probe->id, probe->kind, jkt);
    for (uint32_t i = 0; i < probe->block_count; i++)
        verifier->feed(module, probe->blocks[i], &digest);
    return crypto_hmac_final(&digest);
}

static struct claim appraise_probe(const struct probe *probe, const struct module *module,
                                   const struct attestation_request *answer,
                                   const struct digest *jkt)
{
    const struct evidence *evidence = evidence_for(answer, probe->id);
    struct claim claim = { .kind = probe->kind, .result = CLAIM_MISSING };

    memcpy(claim.subject, module->name, sizeof module->name);
    if (!evidence)
        return claim;
    struct digest expected = expected_digest(probe, module, answer->challenge, jkt);
    bool same = secret_equal((struct slice){ expected.bytes, sizeof expected.bytes },
                             (struct slice){ evidence->digest.bytes, sizeof expected.bytes });
    claim.result = same ? CLAIM_PASSED : CLAIM_DIFFERS;
    return claim;
}

void appraise_evidence(const struct drawn *asked, const struct attestation_request *answer,
                       const struct digest *jkt, struct appraisal *found)
{
    uint32_t answered = 0;

    found->claim_count = asked->count;
    for (uint32_t i = 0; i < asked->count; i++) {
        found->claims[i] = appraise_probe(&asked->probes[i], asked->modules[i], answer, jkt);
        answered += found->claims[i].result != CLAIM_MISSING;
    }
    found->unasked = answered < answer->evidence_count;
}
