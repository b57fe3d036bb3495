#include "original.h"

#include <criterion/criterion.h>
#include <string.h>

static enum status read_from(const char *source, const char *const (*headers)[2], size_t count,
                             const char *rest, struct original *out)
{
    struct http1_head head = { .method = SLICE_LIT("HEAD"), .header_count = count };

    for (size_t i = 0; i < count; i++)
        head.headers[i] = (struct http1_header){ slice_of(headers[i][0]), slice_of(headers[i][1]) };
    return original_read(original_find(source), &head, slice_of(rest), out);
}

Test(original, only_the_configured_way_counts)
{
    static const char *const both[][2] = { { "X-Forwarded-Method", "GET" },
                                           { "X-Forwarded-Uri", "/harmless" },
                                           { "X-Original-Method", "DELETE" },
                                           { "X-Original-URI", "/locks/1?token=x" } };
    struct original o;

    cr_assert_eq(read_from("x-original", both, 4, "/elsewhere", &o), ST_OK);
    cr_expect(slice_is(o.method, "DELETE") && slice_is(o.path, "/locks/1"));
    cr_assert_eq(read_from("x-forwarded", both, 4, "/elsewhere", &o), ST_OK);
    cr_expect(slice_is(o.method, "GET") && slice_is(o.path, "/harmless"));
    cr_assert_eq(read_from("path", both, 4, "/a/b", &o), ST_OK);
    cr_expect(slice_is(o.method, "HEAD") && slice_is(o.path, "/a/b"));
    cr_expect_null(original_find("forwarded"));
    cr_expect_null(original_find(""));
}

Test(original, what_is_not_said_once_is_not_said)
{
    static const char *const two[][2] = { { "X-Original-Method", "GET" },
                                          { "X-Original-URI", "/a" },
                                          { "x-original-uri", "/b" } };
    struct original o;

    cr_expect_eq(read_from("x-original", two, 3, "/c", &o), ST_NOT_FOUND);
    cr_expect_eq(read_from("x-original", two, 1, "/c", &o), ST_NOT_FOUND);
    cr_expect_eq(read_from("x-original", two, 0, "/c", &o), ST_NOT_FOUND);
    cr_expect_eq(read_from("path", two, 3, NULL, &o), ST_INVALID);
    cr_expect_eq(read_from("x-original", two, 2, "/c", &o), ST_OK);
}

Test(original, forms_of_method_and_target)
{
    static const struct {
        const char *method, *target;
        enum status st;
    } rows[] = {
        { "", "/a", ST_INVALID },
        { "get", "/a", ST_INVALID },
        { "GET /x", "/a", ST_INVALID },
        { "GET", "", ST_INVALID },
        { "GET", "a", ST_INVALID },
        { "GET", "http://evil.example/a", ST_INVALID },
        { "GET", "/a b", ST_INVALID },
        { "GET", "/a#b", ST_INVALID },
        { "GET", "/\xc3\xa4", ST_INVALID },
        { "GET", "?a", ST_INVALID },
        { "ABCDEFGHIJKLMNOPQRSTUVWXYZ-ABCDEF", "/", ST_INVALID },
        { "ABCDEFGHIJKLMNOPQRSTUVWXYZ-ABCDE", "/", ST_OK },
        { "GET", "/a%20b?c", ST_OK },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *const headers[][2] = { { "X-Forwarded-Method", rows[i].method },
                                           { "X-Forwarded-Uri", rows[i].target } };
        struct original o;
        cr_expect_eq(read_from("x-forwarded", headers, 2, "", &o), rows[i].st, "%s %s",
                     rows[i].method, rows[i].target);
    }
}

Test(original, the_longest_target)
{
    static char target[ORIGINAL_TARGET_MAX + 2];
    struct original o;

    memset(target, 'a', sizeof target - 1);
    target[0] = '/';
    cr_expect_eq(read_from("path", NULL, 0, target, &o), ST_INVALID);
    target[ORIGINAL_TARGET_MAX] = '\0';
    cr_expect_eq(read_from("path", NULL, 0, target, &o), ST_OK);
}
