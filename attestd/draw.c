#include "draw.h"

#include <string.h>

#include "sampling.h"
#include "verifier.h"

_Static_assert(3 * MODULES_MAX + PROBE_KIND_COUNT - 3 <= PROBES_MAX, "all fit");

static struct probe *new_probe(struct drawn *out, enum probe_kind kind, size_t module)
{
    struct probe *probe = &out->probes[out->count];

    out->modules[out->count++] = (uint8_t)module;
    probe->id = out->count;
    probe->kind = kind;
    probe->module.len = 0;
    probe->block_count = 0;
    return probe;
}

/* Things are numbered through all modules; gives those of one module their own probe. */
static uint32_t add_probe(struct drawn *out, enum probe_kind kind, size_t module,
                          const uint32_t *numbers, uint32_t count, uint64_t first, uint64_t end)
{
    const struct verifier *verifier = verifier_of(kind);
    uint32_t used = 0;

    if (count == 0 || numbers[0] >= end)
        return 0;
    struct probe *probe = new_probe(out, kind, module);
    probe->module = out->build->modules[module].image.build_id;
    while (used < count && numbers[used] < end) {
        uint32_t n = (uint32_t)(numbers[used++] - first);
        probe->blocks[probe->block_count++] =
            verifier->number ? verifier->number(out->build, module, n) : n;
    }
    return used;
}

static double draw_numbers(struct drawn *out, enum probe_kind kind, struct sampling *source,
                           uint32_t blocks)
{
    const struct build *build = out->build;
    const struct verifier *verifier = verifier_of(kind);
    uint32_t numbers[PROBE_BLOCKS_MAX];
    uint64_t counts[MODULES_MAX] = { 0 }, total = 0, first = 0;

    for (size_t i = 0; i < build->module_count; i++)
        total += counts[i] = verifier->count(build, i);
    uint32_t count = sampling_draw(source, total, blocks, numbers), used = 0;
    for (size_t i = 0; i < build->module_count; i++) {
        used += add_probe(out, kind, i, numbers + used, count - used, first, first + counts[i]);
        first += counts[i];
    }
    return total ? (double)count / (double)total : 0;
}

void draw_probes(const struct build *build, const struct policy *policy,
                 const uint8_t challenge[static CHALLENGE_LEN], uint32_t blocks, struct drawn *out)
{
    bool covered = false;

    out->build = build;
    out->count = 0;
    out->fraction = 1;
    for (uint32_t kind = 0; kind < PROBE_KIND_COUNT; kind++) {
        const struct verifier *verifier = verifier_of((enum probe_kind)kind);
        struct sampling source;
        if (policy->kinds[kind] == POLICY_OFF)
            continue;
        if (!verifier->count) {
            new_probe(out, (enum probe_kind)kind, 0);
            continue;
        }
        sampling_seed(&source, challenge, kind);
        double fraction = draw_numbers(out, (enum probe_kind)kind, &source, blocks);
        if (!verifier->covers ||
            policy_requirement(policy, (enum probe_kind)kind) != POLICY_REQUIRED)
            continue;
        covered = true;
        if (fraction < out->fraction)
            out->fraction = fraction;
    }
    if (!covered)
        out->fraction = 0; /* what is only reported vouches for nothing */
}

/* What an app is like of which nothing but its name is known: from 64 KiB to 4 MiB or so, with some
 * hundred imports somewhere behind its code. */
struct pretence {
    uint64_t blocks[PROBE_KIND_COUNT];
    uint32_t first_slot;
};

static struct pretence pretence_of(const struct build_tag *tag, const struct draw_key *key)
{
    struct digest hash = crypto_hmac_sha256((struct slice){ key->bytes, sizeof key->bytes },
                                            (struct slice){ tag->bytes, sizeof tag->bytes });
    uint16_t size, extra, imports;

    memcpy(&size, hash.bytes, sizeof size);
    memcpy(&extra, hash.bytes + 2, sizeof extra);
    memcpy(&imports, hash.bytes + 4, sizeof imports);
    uint64_t mapped = 16 + size % 1024;
    return (struct pretence){ .blocks = { [PROBE_MEMORY] = mapped,
                                          [PROBE_FILE] = mapped + 1 + extra % (1 + mapped / 4),
                                          [PROBE_IMPORTS] = 40 + imports % 400 },
                              .first_slot = (uint32_t)(mapped * PROBE_BLOCK_LEN) +
                                            (uint32_t)(extra % 256 + 256) * 8 };
}

void draw_pretended(const struct build_id *build, const struct build_tag *tag,
                    const struct draw_key *key, const struct policy *policy,
                    const uint8_t challenge[static CHALLENGE_LEN], uint32_t blocks,
                    struct drawn *out)
{
    struct pretence pretence = pretence_of(tag, key);

    out->build = NULL;
    out->count = 0;
    out->fraction = 0;
    for (uint32_t kind = 0; kind < PROBE_KIND_COUNT; kind++) {
        struct sampling source;
        if (policy->kinds[kind] == POLICY_OFF)
            continue;
        struct probe *probe = new_probe(out, (enum probe_kind)kind, 0);
        if (!probe_form((enum probe_kind)kind)->numbers)
            continue;
        sampling_seed(&source, challenge, kind);
        probe->module = *build;
        probe->block_count = sampling_draw(&source, pretence.blocks[kind], blocks, probe->blocks);
        for (uint32_t i = 0; i < probe->block_count && kind == PROBE_IMPORTS; i++)
            probe->blocks[i] = pretence.first_slot + 8 * probe->blocks[i];
    }
}
