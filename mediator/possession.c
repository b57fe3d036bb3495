#include "possession.h"

#include <string.h>

#include "dpop.h"
#include "msg_challenge.h"
#include "pop.h"

_Static_assert((int)POP_JTI_MAX >= (int)DPOP_JTI_MAX, "one array takes both");

/* SHA-256(client ‖ kind ‖ jkt ‖ jti): one instance cannot spend another's ids. A proof is
 * accepted from iat − skew to iat + max_age + skew, and must be remembered for all of
 * that. */
struct due possession_spend(const struct possession_input *in, enum proof_kind kind,
                            struct slice jti, struct verdict otherwise)
{
    const struct settings *s = in->settings;
    uint8_t bytes[CLIENT_ID_MAX + 1 + SHA256_LEN + POP_JTI_MAX];
    struct writer w = writer_over(bytes, sizeof bytes);

    writer_put(&w, slice_of(in->client->id));
    writer_byte(&w, (uint8_t)kind);
    writer_put(&w, (struct slice){ in->jkt->bytes, sizeof in->jkt->bytes });
    writer_put(&w, jti);
    return (struct due){ .key = store_key_hashed(STORE_SPENT, writer_slice(&w)),
                         .ttl_ms = (s->pop_max_age + 2 * s->clock_skew + 1) * 1000,
                         .otherwise = otherwise };
}

/* The owner of this client accepts that a stolen token is as good as the app. */
static struct verdict check_none(const struct possession_input *in, struct possession_proof *out)
{
    (void)in, (void)out;
    return VERDICT_ACCEPTED;
}

static bool sends(const struct possession_input *in, const char *header)
{
    return http1_header_occurrences(in->head, header) > 0;
}

/* A DPoP header next to a proof for us is one for upstream. */
static struct verdict check_any(const struct possession_input *in, struct possession_proof *out)
{
    if (sends(in, DPOP_HEADER) && !sends(in, ATTESTATION_POP_HEADER))
        return possession_check_dpop(in, out);
    return possession_check_pop(in, out);
}

static struct verdict check_both(const struct possession_input *in, struct possession_proof *out)
{
    struct verdict v = possession_check_pop(in, out);

    return v.refusal ? v : possession_check_dpop(in, out);
}

static const struct possession_mode modes[] = {
    { "pop", false, possession_check_pop },
    { "dpop", true, possession_check_dpop },
    { "any", true, check_any },
    { "both", true, check_both },
    { "none", false, check_none },
};

const struct possession_mode *possession_find(const char *name)
{
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++)
        if (strcmp(modes[i].name, name) == 0)
            return &modes[i];
    return NULL;
}
