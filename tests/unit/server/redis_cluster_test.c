#include "redis_router.h"

#include "base64url.h"
#include "redis_fixture.h"
#include "redis_slots.h"

static struct fixture f;
enum { PATIENCE = 30000, KEYS = 300 };

static void open_cluster(void)
{
    fixture_init(&f);
    group_cluster(&f.group, 3);
    fixture_open(&f);
    cr_assert(fixture_becomes(&f, true, PATIENCE));
}

static long long size_of(const struct redis_child *r)
{
    redisReply *size = group_ask(r, "DBSIZE");

    cr_assert_not_null(size);
    long long n = size->integer;
    freeReplyObject(size);
    return n;
}

static void create_all(void)
{
    for (unsigned i = 0; i < KEYS; i++)
        cr_assert_eq(do_create(&f.bench, fixture_key(i), SLICE_LIT("x"), TTL), ST_OK);
}

Test(redis_cluster, a_redis_that_is_in_none)
{
    char url[64];

    fixture_init(&f);
    group_replicate(&f.group, 0);
    snprintf(url, sizeof url, "redis+cluster://127.0.0.1:%d", atoi(f.group.nodes[0].port));
    f.settings.url = url;
    fixture_open(&f);
    cr_assert_not(fixture_becomes(&f, true, 800));
    cr_assert_eq(do_take(&f.bench, fixture_key(1)), ST_UNAVAILABLE);
    fixture_close(&f);
}

Test(redis_cluster, keys_go_where_they_belong)
{
    long long all = 0;

    open_cluster();
    create_all();
    for (size_t i = 0; i < 3; i++) {
        cr_assert_gt(size_of(&f.group.nodes[i]), KEYS / 6);
        all += size_of(&f.group.nodes[i]);
    }
    cr_assert_eq(all, KEYS);
    for (unsigned i = 0; i < KEYS; i++)
        cr_assert_eq(do_take(&f.bench, fixture_key(i)), ST_OK);
    fixture_close(&f);
}

/* --- slots on their way from node 0 to node 1 --- */

static void id_of(const struct redis_child *r, char out[64])
{
    redisReply *id = group_ask(r, "CLUSTER MYID");

    cr_assert_not_null(id);
    snprintf(out, 64, "%s", id->str);
    freeReplyObject(id);
}

struct move {
    char from_id[64], to_id[64];
    const struct redis_child *from, *to;
};

static void begin_move(const struct move *m, unsigned slot)
{
    cr_assert(group_says(m->to, "OK", "CLUSTER SETSLOT %u IMPORTING %s", slot, m->from_id));
    cr_assert(group_says(m->from, "OK", "CLUSTER SETSLOT %u MIGRATING %s", slot, m->to_id));
}

static void move_keys(const struct move *m, unsigned slot)
{
    redisReply *keys = group_ask(m->from, "CLUSTER GETKEYSINSLOT %u 100", slot);

    cr_assert_not_null(keys);
    for (size_t i = 0; i < keys->elements; i++)
        cr_assert(group_says(m->from, "OK", "MIGRATE 127.0.0.1 %s %s 0 5000", m->to->port,
                             keys->element[i]->str));
    freeReplyObject(keys);
}

static void end_move(const struct move *m, unsigned slot)
{
    for (size_t i = 0; i < 3; i++)
        cr_assert(
            group_says(&f.group.nodes[i], "OK", "CLUSTER SETSLOT %u NODE %s", slot, m->to_id));
}

static unsigned slot_of(unsigned n)
{
    const struct store_key key = fixture_key(n);
    uint8_t text[128];
    struct writer w = writer_over(text, sizeof text);

    writer_text(&w, "vouchsafe:challenge:");
    base64url_write(&w, (struct slice){ key.id, sizeof key.id });
    return redis_slot_of(writer_slice(&w));
}

/* The slots of our keys that node 0 has at first: about a third. */
static void each_slot(void (*step)(const struct move *, unsigned))
{
    static struct move m;
    static bool done[16384];

    memset(done, 0, sizeof done);
    m.from = &f.group.nodes[0];
    m.to = &f.group.nodes[1];
    id_of(m.from, m.from_id);
    id_of(m.to, m.to_id);
    for (unsigned i = 0; i < KEYS; i++) {
        unsigned slot = slot_of(i);
        if (slot < 16384 / 3 && !done[slot])
            step(&m, slot);
        done[slot] = true;
    }
}

/* Half way: some keys are here and some there, and a key that is nowhere is
 * asked for there. Nothing is lost, and nothing taken twice. */
Test(redis_cluster, slots_on_their_way)
{
    open_cluster();
    create_all();
    each_slot(begin_move);
    for (unsigned i = 0; i < KEYS; i += 3)
        cr_assert_eq(do_take(&f.bench, fixture_key(i)), ST_OK); /* still here */
    each_slot(move_keys);
    for (unsigned i = 0; i < KEYS; i += 3)
        cr_assert_eq(do_take(&f.bench, fixture_key(i)), ST_NOT_FOUND);
    for (unsigned i = 1; i < KEYS; i += 3)
        cr_assert_eq(do_take(&f.bench, fixture_key(i)), ST_OK);
    for (unsigned i = 1; i < KEYS; i += 3)
        cr_assert_eq(do_create(&f.bench, fixture_key(i), SLICE_LIT("y"), TTL), ST_OK);
    each_slot(end_move);
    for (unsigned i = 1; i < KEYS; i += 3)
        cr_assert_eq(do_create(&f.bench, fixture_key(i), SLICE_LIT("z"), TTL), ST_EXISTS);
    for (unsigned i = 0; i < KEYS; i++)
        cr_assert_eq(do_take(&f.bench, fixture_key(i)), i % 3 ? ST_OK : ST_NOT_FOUND);
    cr_assert(store_ready(f.bench.store));
    fixture_close(&f);
}

/* --- nodes that go and come --- */

Test(redis_cluster, a_node_that_is_killed)
{
    unsigned served = 0, refused = 0;

    open_cluster();
    create_all();
    redis_end(&f.group.nodes[1], SIGKILL);
    cr_assert(fixture_becomes(&f, false, PATIENCE));
    for (unsigned i = 0; i < KEYS; i++) {
        enum status st = do_get(&f.bench, fixture_key(i));
        served += st == ST_OK;
        refused += st == ST_UNAVAILABLE;
    }
    cr_assert_eq(served + refused, KEYS);
    cr_assert_gt(refused, KEYS / 6);
    fixture_close(&f);
}

/* The seed that the URL names is gone, the others are known from the map. */
Test(redis_cluster, the_seed_is_silent)
{
    open_cluster();
    create_all();
    kill(f.group.nodes[0].pid, SIGSTOP);
    cr_assert(fixture_becomes(&f, false, PATIENCE));
    kill(f.group.nodes[0].pid, SIGCONT);
    for (size_t i = 0; i < 3; i++) /* the others took it for dead meanwhile */
        GROUP_AWAIT(group_says(&f.group.nodes[i], "cluster_state:ok", "CLUSTER INFO"));
    cr_assert(fixture_becomes(&f, true, PATIENCE));
    for (unsigned i = 0; i < KEYS; i++)
        cr_assert_eq(do_take(&f.bench, fixture_key(i)), ST_OK);
    fixture_close(&f);
}
