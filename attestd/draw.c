#include "draw.h"

#include <string.h>

#include "sampling.h"
#include "verifier.h"

/* Blocks are numbered through all modules; gives those of one module their own probe. */
static uint32_t add_probe(struct drawn *out, enum probe_kind kind, const struct module *module,
                          const uint32_t *numbers, uint32_t count, uint64_t first, uint64_t end)
{
    struct probe *probe = &out->probes[out->count];
    uint32_t used = 0;

    probe->block_count = 0;
    while (used < count && numbers[used] < end)
        probe->blocks[probe->block_count++] = (uint32_t)(numbers[used++] - first);
    if (used == 0)
        return 0;
    probe->id = out->count + 1;
    probe->kind = kind;
    probe->module = module->image.build_id;
    out->modules[out->count++] = module;
    return used;
}

static void draw_kind(const struct build *build, enum probe_kind kind, struct sampling *source,
                      uint32_t blocks, struct drawn *out, double *fraction)
{
    const struct verifier *verifier = verifier_of(kind);
    uint32_t numbers[PROBE_BLOCKS_MAX];
    uint64_t total = 0, first = 0;

    for (size_t i = 0; i < build->module_count; i++)
        total += verifier->blocks(&build->modules[i]);
    uint32_t count = sampling_draw(source, total, blocks, numbers), used = 0;
    for (size_t i = 0; i < build->module_count; i++) {
        uint64_t end = first + verifier->blocks(&build->modules[i]);
        used += add_probe(out, kind, &build->modules[i], numbers + used, count - used, first, end);
        first = end;
    }
    *fraction = total ? (double)count / (double)total : 0;
}

void draw_probes(const struct build *build, const struct policy *policy,
                 const uint8_t challenge[static CHALLENGE_LEN], uint32_t blocks, struct drawn *out)
{
    bool required = false;

    out->count = 0;
    out->fraction = 1;
    for (uint32_t kind = 0; kind < PROBE_KIND_COUNT; kind++) {
        struct sampling source;
        double fraction;
        if (policy->kinds[kind] == POLICY_OFF || !verifier_of((enum probe_kind)kind))
            continue;
        sampling_seed(&source, challenge, kind);
        draw_kind(build, (enum probe_kind)kind, &source, blocks, out, &fraction);
        if (policy_requirement(policy, (enum probe_kind)kind) != POLICY_REQUIRED)
            continue;
        required = true;
        if (fraction < out->fraction)
            out->fraction = fraction;
    }
    if (!required)
        out->fraction = 0; /* what is only reported vouches for nothing */
}

/* Between 64 KiB and 4 MiB or so, as apps are. */
static uint64_t pretended_size(const struct build_tag *tag)
{
    uint16_t number;

    memcpy(&number, tag->bytes, sizeof number);
    return 16 + number % 1024;
}

void draw_pretended(const struct build_id *build, const struct build_tag *tag,
                    const uint8_t challenge[static CHALLENGE_LEN], uint32_t blocks,
                    struct drawn *out)
{
    out->count = 0;
    out->fraction = 0;
    for (uint32_t kind = 0; kind < PROBE_KIND_COUNT; kind++) {
        struct sampling source;
        if (!verifier_of((enum probe_kind)kind))
            continue;
        struct probe *probe = &out->probes[out->count++];
        sampling_seed(&source, challenge, kind);
        probe->id = out->count;
        probe->kind = (enum probe_kind)kind;
        probe->module = *build;
        probe->block_count = sampling_draw(&source, pretended_size(tag), blocks, probe->blocks);
    }
}
