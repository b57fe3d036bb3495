#include "attester.h"

static attester_fn *const attesters[PROBE_KIND_COUNT] = {
    [PROBE_MEMORY] = attester_memory,
    [PROBE_FILE] = attester_file,
};

enum status attester_answer(const struct probe *probe,
                            const uint8_t challenge[static CHALLENGE_LEN], const struct digest *jkt,
                            struct digest *out)
{
    struct crypto_hmac digest;
    struct self_module module;
    enum status st = self_find(&probe->module, &module);

    if (st)
        return st;
    probe_digest_init(&digest, challenge, probe->id, probe->kind, jkt);
    st = attesters[probe->kind](probe, &module, &digest);
    *out = crypto_hmac_final(&digest);
    return st;
}
