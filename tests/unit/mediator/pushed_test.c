#include "pushed.h"

#include <criterion/criterion.h>
#include <string.h>

#include "msg_challenge.h"

Test(pushed, records_that_are_none_are_refused)
{
    static const struct {
        const char *bytes;
        size_t len;
    } bad[] = { { "", 0 }, { "h", 1 }, { "x\1a", 3 }, { "h\2a", 3 }, { "u\377", 2 } };
    struct pushed p;

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        cr_expect_eq(pushed_decode((struct slice){ (const uint8_t *)bad[i].bytes, bad[i].len }, &p),
                     ST_INVALID, "%zu", i);
}

static struct pushed there_and_back(const struct pushed *in, uint8_t *bytes, size_t cap)
{
    struct writer w = writer_over(bytes, cap);
    struct pushed out;

    cr_assert_eq(pushed_encode(in, &w), ST_OK);
    cr_assert_eq(pushed_decode(writer_slice(&w), &out), ST_OK);
    return out;
}

Test(pushed, both_kinds_come_back)
{
    uint8_t bytes[64];
    struct pushed own = { .client_id = SLICE_LIT("app"), .query = SLICE_LIT("a=b&c=d") };
    struct pushed upstream = { .at_upstream = true, .client_id = SLICE_LIT("app") };

    struct pushed out = there_and_back(&own, bytes, sizeof bytes);
    cr_expect(!out.at_upstream && slice_is(out.client_id, "app") && slice_is(out.query, "a=b&c=d"));
    out = there_and_back(&upstream, bytes, sizeof bytes);
    cr_expect(out.at_upstream && slice_is(out.client_id, "app") && out.query.len == 0);
}

Test(pushed, limits)
{
    static uint8_t query[PUSHED_QUERY_MAX + 1], bytes[PUSHED_QUERY_MAX + CLIENT_ID_MAX + 2];
    char id[CLIENT_ID_MAX + 2];
    struct pushed p = { .client_id = { (uint8_t *)id, CLIENT_ID_MAX },
                        .query = { query, PUSHED_QUERY_MAX } };
    struct writer w = writer_over(bytes, sizeof bytes);

    memset(id, 'a', sizeof id);
    cr_expect_eq(pushed_encode(&p, &w), ST_OK);
    w.len = 0;
    p.query.len++;
    cr_expect_eq(pushed_encode(&p, &w), ST_TOO_LARGE);
    p.query.len--;
    p.client_id.len++;
    cr_expect_eq(pushed_encode(&p, &w), ST_TOO_LARGE);
}

Test(pushed, each_request_uri_has_its_own_record)
{
    struct store_key a = pushed_key(SLICE_LIT("urn:a")), b = pushed_key(SLICE_LIT("urn:b"));

    cr_expect_eq(a.space, STORE_REQUEST);
    cr_expect_neq(memcmp(a.id, b.id, sizeof a.id), 0);
}
