#include "draw.h"

#include "folder.h"
#include "verifier.h"

static struct registry *registry;
static const struct build *build;

static void setup(void)
{
    folder_fill();
    registry = folder_read();
    build = app_build(registry_app(registry, SLICE_LIT("app")), &build_id);
}

static void teardown(void)
{
    registry_free(registry);
    folder_remove();
}

TestSuite(draw, .init = setup, .fini = teardown);

Test(draw, each_kind_asks_so_many_blocks_that_are_there)
{
    uint8_t challenge[CHALLENGE_LEN] = { 1 };
    struct drawn drawn;

    draw_probes(build, &POLICY_DEFAULT, challenge, 5, &drawn);
    cr_assert_eq(drawn.count, 2);
    for (uint32_t i = 0; i < drawn.count; i++) {
        cr_assert_eq(drawn.probes[i].id, i + 1);
        cr_assert_eq(drawn.probes[i].block_count, 5);
        for (uint32_t b = 0; b < 5; b++)
            cr_assert_lt(drawn.probes[i].blocks[b],
                         verifier_of(drawn.probes[i].kind)->blocks(drawn.modules[i]));
    }
}

Test(draw, the_fraction_is_the_least_of_what_is_required)
{
    const struct module *m = &build->modules[0];
    uint8_t challenge[CHALLENGE_LEN] = { 1 };
    struct policy policy = POLICY_DEFAULT;
    struct drawn drawn;
    double memory = 5.0 / (double)VERIFIER_MEMORY.blocks(m),
           file = 5.0 / (double)VERIFIER_FILE.blocks(m);

    draw_probes(build, &policy, challenge, 5, &drawn);
    cr_assert_eq(drawn.fraction, memory < file ? memory : file);
    policy.kinds[PROBE_FILE] = POLICY_REPORT;
    draw_probes(build, &policy, challenge, 5, &drawn);
    cr_assert_eq(drawn.fraction, memory);
    cr_assert_eq(drawn.count, 2, "reported is asked");
    policy.kinds[PROBE_FILE] = POLICY_OFF;
    draw_probes(build, &policy, challenge, 5, &drawn);
    cr_assert_eq(drawn.count, 1, "off is not");
    policy.kinds[PROBE_MEMORY] = POLICY_REPORT;
    draw_probes(build, &policy, challenge, 5, &drawn);
    cr_assert_eq(drawn.fraction, 0, "what is only reported vouches for nothing");
    policy.kinds[PROBE_MEMORY] = POLICY_OFF;
    draw_probes(build, &policy, challenge, 5, &drawn);
    cr_assert_eq(drawn.fraction, 0, "nor does nothing");
}

Test(draw, modules_share_the_blocks_by_their_size)
{
    struct build two = *build;
    uint8_t challenge[CHALLENGE_LEN] = { 3 };
    struct drawn drawn;
    uint32_t blocks = 0;

    two.module_count = 2;
    two.modules[1] = two.modules[0];
    draw_probes(&two, &POLICY_DEFAULT, challenge, 64, &drawn);
    for (uint32_t i = 0; i < drawn.count; i++)
        if (drawn.probes[i].kind == PROBE_FILE)
            blocks += drawn.probes[i].block_count;
    cr_assert_eq(blocks, 64, "together");
    cr_assert_eq(drawn.count, 4);
}

Test(draw, what_is_pretended_looks_alike)
{
    uint8_t challenge[CHALLENGE_LEN] = { 4 };
    struct build_tag tag = build_tag_of(SLICE_LIT("nobody"), &build_id);
    struct drawn drawn;

    draw_pretended(&build_id, &tag, challenge, 16, &drawn);
    cr_assert_eq(drawn.count, 2);
    for (uint32_t i = 0; i < drawn.count; i++) {
        cr_assert(build_id_equal(&drawn.probes[i].module, &build_id));
        cr_assert_eq(drawn.probes[i].block_count, 16);
    }
}
