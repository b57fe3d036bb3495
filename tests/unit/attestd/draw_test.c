#include "draw.h"

#include "folder.h"
#include "imports.h"
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
    cr_assert_eq(drawn.count, PROBE_KIND_COUNT);
    for (uint32_t i = 0; i < drawn.count; i++) {
        bool numbered = probe_form(drawn.probes[i].kind)->numbers != NULL;
        cr_assert_eq(drawn.probes[i].id, i + 1);
        cr_assert_eq(drawn.probes[i].kind, i);
        cr_assert_eq(drawn.probes[i].block_count, numbered ? 5 : 0);
        cr_assert_eq(drawn.probes[i].module.len, numbered ? build_id.len : 0);
        for (uint32_t b = 0; i <= PROBE_FILE && b < 5; b++)
            cr_assert_lt(drawn.probes[i].blocks[b],
                         verifier_of(drawn.probes[i].kind)->count(build, 0));
    }
}

Test(draw, the_fraction_is_the_least_of_what_is_required)
{
    uint8_t challenge[CHALLENGE_LEN] = { 1 };
    struct policy policy = POLICY_DEFAULT;
    struct drawn drawn;
    double memory = 5.0 / (double)VERIFIER_MEMORY.count(build, 0),
           file = 5.0 / (double)VERIFIER_FILE.count(build, 0);

    draw_probes(build, &policy, challenge, 5, &drawn);
    cr_assert_eq(drawn.fraction, memory < file ? memory : file);
    policy.kinds[PROBE_FILE] = POLICY_REPORT;
    draw_probes(build, &policy, challenge, 5, &drawn);
    cr_assert_eq(drawn.fraction, memory);
    cr_assert_eq(drawn.count, PROBE_KIND_COUNT, "reported is asked");
    policy.kinds[PROBE_FILE] = POLICY_OFF;
    draw_probes(build, &policy, challenge, 5, &drawn);
    cr_assert_eq(drawn.count, PROBE_KIND_COUNT - 1, "off is not");
    policy.kinds[PROBE_MEMORY] = POLICY_REPORT;
    draw_probes(build, &policy, challenge, 5, &drawn);
    cr_assert_eq(drawn.fraction, 0, "what is only reported vouches for nothing");
    policy.kinds[PROBE_MEMORY] = POLICY_OFF;
    draw_probes(build, &policy, challenge, 5, &drawn);
    cr_assert_eq(drawn.fraction, 0, "nor does nothing");
}

Test(draw, modules_share_the_blocks_by_their_size)
{
    struct module modules[] = { build->modules[0], build->modules[0] };
    struct build two = { .module_count = 2, .modules = modules };
    uint8_t challenge[CHALLENGE_LEN] = { 3 };
    struct drawn drawn;
    uint32_t blocks = 0;

    draw_probes(&two, &POLICY_DEFAULT, challenge, 64, &drawn);
    for (uint32_t i = 0; i < drawn.count; i++)
        if (drawn.probes[i].kind == PROBE_FILE)
            blocks += drawn.probes[i].block_count;
    cr_assert_eq(blocks, 64, "together");
    cr_assert_eq(drawn.count, 2 * 3 + 3);
    imports_free(two.imports);
}

Test(draw, imports_are_asked_by_the_place_of_their_slot)
{
    static const struct policy policy = { .kinds = { [PROBE_IMPORTS] = POLICY_REQUIRED } };
    uint8_t challenge[CHALLENGE_LEN] = { 5 };
    struct drawn drawn;

    draw_probes(build, &policy, challenge, 16, &drawn);
    cr_assert_eq(drawn.count, 1);
    cr_assert_eq(drawn.probes[0].block_count, 16);
    for (uint32_t i = 0; i < 16; i++) {
        uint32_t place = drawn.probes[0].blocks[i];
        cr_assert_not_null(imports_find(build_imports(build), 0, place));
        cr_assert(i == 0 || drawn.probes[0].blocks[i - 1] < place);
    }
    cr_assert_eq(drawn.fraction, 0, "they are no blocks");
}

static const struct draw_key key = { { 1 } }, other_key = { { 2 } };

static void pretend(const char *client, const struct draw_key *k, const struct policy *policy,
                    struct drawn *out)
{
    uint8_t challenge[CHALLENGE_LEN] = { 4 };
    struct build_tag tag = build_tag_of(slice_of(client), &build_id);

    draw_pretended(&build_id, &tag, k, policy, challenge, 16, out);
}

Test(draw, what_is_pretended_looks_alike)
{
    struct drawn drawn, real;
    uint8_t challenge[CHALLENGE_LEN] = { 4 };

    pretend("nobody", &key, &POLICY_DEFAULT, &drawn);
    draw_probes(build, &POLICY_DEFAULT, challenge, 16, &real);
    cr_assert_eq(drawn.count, real.count);
    for (uint32_t i = 0; i < drawn.count; i++) {
        cr_assert_eq(drawn.probes[i].kind, real.probes[i].kind);
        cr_assert(build_id_equal(&drawn.probes[i].module, &real.probes[i].module));
        cr_assert_eq(drawn.probes[i].block_count, real.probes[i].block_count);
        for (uint32_t b = 0; b < drawn.probes[i].block_count; b++)
            cr_assert(b == 0 || drawn.probes[i].blocks[b - 1] < drawn.probes[i].blocks[b]);
    }
}

Test(draw, what_is_pretended_asks_what_the_policy_asks)
{
    static const struct policy policy = {
        .kinds = { [PROBE_FILE] = POLICY_REPORT, [PROBE_MAPS] = POLICY_REQUIRED }
    };
    struct drawn drawn;

    pretend("nobody", &key, &policy, &drawn);
    cr_assert_eq(drawn.count, 2);
    cr_assert(drawn.probes[0].kind == PROBE_FILE && drawn.probes[1].kind == PROBE_MAPS);
}

static bool same_blocks(const struct drawn *a, const struct drawn *b)
{
    return memcmp(a->probes[0].blocks, b->probes[0].blocks,
                  a->probes[0].block_count * sizeof a->probes[0].blocks[0]) == 0;
}

/* Whoever knows how sizes are made of names must not be able to do the same. */
Test(draw, what_is_pretended_depends_on_name_and_key)
{
    struct drawn a, again, other_name, keyed;

    pretend("nobody", &key, &POLICY_DEFAULT, &a);
    pretend("nobody", &key, &POLICY_DEFAULT, &again);
    pretend("somebody", &key, &POLICY_DEFAULT, &other_name);
    pretend("nobody", &other_key, &POLICY_DEFAULT, &keyed);
    cr_assert(same_blocks(&a, &again));
    cr_assert_not(same_blocks(&a, &other_name));
    cr_assert_not(same_blocks(&a, &keyed));
}
