#include "attester.h"

#include "report.h"

/* Either of the two. */
static const struct {
    attester_fn *feed;
    attester_report_fn *report;
} attesters[PROBE_KIND_COUNT] = {
    [PROBE_MEMORY] = { .feed = attester_memory },
    [PROBE_FILE] = { .feed = attester_file },
    [PROBE_MAPS] = { .report = attester_maps },
    [PROBE_IMPORTS] = { .report = attester_imports },
    [PROBE_DEBUGGER] = { .report = attester_debugger },
    [PROBE_PRELOAD] = { .report = attester_preload },
};

struct answering {
    const struct probe *probe;
    struct crypto_hmac digest;
};

static enum status feed(const struct self_module *module, void *arg)
{
    struct answering *a = arg;

    return attesters[a->probe->kind].feed(a->probe, module, &a->digest);
}

static enum status feed_report(struct answering *a, struct writer *reports, struct slice *out)
{
    size_t start = reports->len;
    enum status st = attesters[a->probe->kind].report(a->probe, reports);

    if (st)
        return st;
    *out = (struct slice){ reports->data + start, reports->len - start };
    if (reports->full || out->len > REPORT_MAX)
        return ST_TOO_LARGE;
    crypto_hmac_update(&a->digest, *out);
    return ST_OK;
}

enum status attester_answer(const struct probe *probe,
                            const uint8_t challenge[static CHALLENGE_LEN], const struct digest *jkt,
                            struct writer *reports, struct evidence *out)
{
    struct answering a = { .probe = probe };

    *out = (struct evidence){ .id = probe->id };
    probe_digest_init(&a.digest, challenge, probe->id, probe->kind, jkt);
    enum status st = attesters[probe->kind].report ? feed_report(&a, reports, &out->report)
                                                   : self_visit(&probe->module, feed, &a);
    out->digest = crypto_hmac_final(&a.digest);
    return st;
}
