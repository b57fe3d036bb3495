#include "claims.h"

#include <string.h>

#define CUT "..."

static void keep_end(struct slice text, char *out, size_t cap)
{
    size_t max = cap - 1, cut = strlen(CUT);

    if (text.len <= max) {
        memcpy(out, text.len ? text.data : (const uint8_t *)"", text.len);
        out[text.len] = '\0';
        return;
    }
    memcpy(out, CUT, cut);
    memcpy(out + cut, text.data + text.len - (max - cut), max - cut);
    out[max] = '\0';
}

static bool is_alike(const struct claim *a, const struct claim *b)
{
    return a->kind == b->kind && a->result == b->result;
}

void appraisal_begin(struct appraisal *found)
{
    memset(found, 0, offsetof(struct appraisal, claims));
}

void claim_add(struct appraisal *found, enum probe_kind kind, enum claim_result result,
               struct slice subject, struct slice detail)
{
    struct claim claim = { .kind = kind, .result = result };
    bool reported = probe_form(kind)->reported;
    unsigned alike = 0;

    keep_end(subject, claim.subject, sizeof claim.subject);
    keep_end(detail, claim.detail, sizeof claim.detail);
    for (uint32_t i = 0; i < found->claim_count && reported; i++) {
        if (!is_alike(&found->claims[i], &claim))
            continue;
        if (++alike == CLAIM_ALIKE_MAX || strcmp(found->claims[i].subject, claim.subject) == 0)
            return;
    }
    if (found->claim_count < CLAIMS_MAX)
        found->claims[found->claim_count++] = claim;
}
