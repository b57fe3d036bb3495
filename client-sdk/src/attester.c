#include "attester.h"

static attester_fn *const attesters[PROBE_KIND_COUNT] = {
    [PROBE_MEMORY] = attester_memory,
    [PROBE_FILE] = attester_file,
};

struct answering {
    const struct probe *probe;
    struct crypto_hmac digest;
};

static enum status feed(const struct self_module *module, void *arg)
{
    struct answering *a = arg;

    return attesters[a->probe->kind](a->probe, module, &a->digest);
}

enum status attester_answer(const struct probe *probe,
                            const uint8_t challenge[static CHALLENGE_LEN], const struct digest *jkt,
                            struct digest *out)
{
    struct answering a = { .probe = probe };

    if (!attesters[probe->kind])
        return ST_NOT_FOUND;
    probe_digest_init(&a.digest, challenge, probe->id, probe->kind, jkt);
    enum status st = self_visit(&probe->module, feed, &a);
    *out = crypto_hmac_final(&a.digest);
    return st;
}
