#include "json_tree.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct json_token_tree memory;

static enum status read(const char *text, cJSON **out)
{
    return json_tree_read_token(slice_of(text), &memory, out);
}

/* The same as cJSON's: values, order, and the links between them. */
static void expect_same(const cJSON *a, const cJSON *b, const char *text)
{
    cr_assert_eq(a->type & 0xff, b->type & 0xff, "%s", text);
    cr_assert_eq(!a->string, !b->string, "%s", text);
    if (a->string)
        cr_assert_str_eq(a->string, b->string);
    if (cJSON_IsString(a))
        cr_assert_str_eq(a->valuestring, b->valuestring);
    cr_assert(memcmp(&a->valuedouble, &b->valuedouble, sizeof(double)) == 0, "%s", text);
    cr_assert_eq(a->valueint, b->valueint, "%s", text);
    cr_assert_eq(cJSON_GetArraySize(a), cJSON_GetArraySize(b), "%s", text);
    const cJSON *x = a->child, *y = b->child;
    for (; x; x = x->next, y = y->next) {
        expect_same(x, y, text);
        cr_assert_eq(x->prev->next, x == a->child ? NULL : x, "%s", text);
    }
}

static void expect_as_cjson(const char *text)
{
    cJSON *ours = NULL, *theirs = NULL;
    enum status st = read(text, &ours);

    cr_assert_eq(json_parse_object(slice_of(text), &JSON_TOKEN_LIMITS, &theirs), st, "%s", text);
    if (st)
        return;
    expect_same(ours, theirs, text);
    cJSON_Delete(theirs);
}

Test(json_tree, is_what_cjson_makes_of_it)
{
    static const char *const texts[] = {
        "{}",
        " \r\n\t{ \t} \n",
        "{\"a\":1}",
        "{ \"a\" : 1 , \"b\" : [ ] , \"c\" : { } }",
        "{\"a\":[1,2,[3,{\"b\":[]}],\"x\"],\"c\":null,\"d\":true,\"e\":false}",
        "{\"\":\"\"}",
        "{\"a\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"}",
        "{\"\\\"\":1,\"\\u0041\":2,\"B\":3}",
        "{\"a\":\"\\u00e9\\u07ff\\u0800\\uffff\\ud83d\\ude00\"}",
        "{\"a\":\"é\u20ac\U0001f600\"}",
        "{\"a\":\"x\\\\\",\"b\":\"\\\\\\\"y\"}",
        "{\"long\":\"0123456789abcdefghijklmnopqrstuvwxyz\\n0123456789abcdefghijklmnopqrstuvwx\"}",
        "{\"a\":0,\"b\":-0,\"c\":-1,\"d\":123456789012345,\"e\":1234567890123456789}",
        "{\"a\":0.5,\"b\":1e3,\"c\":-2.5E-3,\"d\":9007199254740993,\"e\":2147483648}",
        "{\"a\":1,\"a\":2}",
        "{\"a\":1,\"\\u0061\":2}",
        "{\"a\":{\"b\":1,\"b\":1}}",
        "{\"a\":[{\"b\":1},{\"b\":1}]}",
        "{\"a\":1e999}",
        "{\"a\":[[[[[[1]]]]]]}",
        "{\"a\":[[[[[[[1]]]]]]]}",
        "{\"a\":tru}",
        "{\"a\":\"\x01\"}",
        "{\"a\":\"\\ud800\"}",
        "{} x",
        "[]",
        "",
    };

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        expect_as_cjson(texts[i]);
}

/* A random walk through the grammar, with a byte bent now and then. */
static void write_random(struct writer *w, unsigned depth)
{
    static const char *const leaves[] = { "0",       "-7",          "3.25",  "1e2",
                                          "true",    "null",        "\"\"",  "\"a\"",
                                          "\"\\n\"", "\"\\u0416\"", "false", "\"x\\\\\"" };
    unsigned members = depth ? (unsigned)rand() % 4 : 0;
    bool object = depth == 4 || rand() % 2;

    if (depth == 0 || (depth < 4 && rand() % 3 == 0)) {
        writer_text(w, leaves[(size_t)rand() % (sizeof leaves / sizeof leaves[0])]);
        return;
    }
    writer_byte(w, object ? '{' : '[');
    for (unsigned i = 0; i < members; i++) {
        char name[16];
        snprintf(name, sizeof name, "%s\"n%u\":", i ? ", " : " ", i);
        if (object)
            writer_text(w, name);
        else if (i)
            writer_byte(w, ',');
        write_random(w, depth - 1);
    }
    writer_byte(w, object ? '}' : ']');
}

Test(json_tree, is_what_cjson_makes_of_random_texts)
{
    srand(1);
    for (unsigned i = 0; i < 20000; i++) {
        char text[4096] = "";
        struct writer w = writer_over(text, sizeof text - 1);
        write_random(&w, 4);
        if (i % 4 == 0)
            text[(size_t)rand() % w.len] = "{}[],:\"\\u0x-."[rand() % 13];
        expect_as_cjson(text);
    }
}

/* As much as the limits allow, in the costliest way. */
Test(json_tree, what_the_limits_allow_fits_in_the_memory_of_a_token)
{
    char text[JSON_TOKEN_LEN + 2] = "{\"\":0";
    size_t len = strlen(text);
    unsigned items = 2;
    cJSON *json;

    while (items < JSON_TOKEN_ITEMS) {
        int n = snprintf(text + len, sizeof text - len, ",\"%017u\":\"\"", items++);
        len += (size_t)n;
    }
    strcpy(text + len, "}");
    cr_assert_eq(read(text, &json), ST_OK);
    cr_assert_leq(memory.used, sizeof memory.bytes);
    strcpy(text + len, ",\"x\":1}");
    cr_assert_eq(read(text, &json), ST_INVALID, "one more");
    memset(text, ' ', sizeof text);
    memcpy(text, "{\"a\":\"", 6);
    memset(text + 6, 'b', JSON_TOKEN_LEN - 8);
    strcpy(text + JSON_TOKEN_LEN - 2, "\"}");
    cr_assert_eq(read(text, &json), ST_OK);
    strcpy(text + JSON_TOKEN_LEN - 2, " \"}");
    cr_assert_eq(read(text, &json), ST_TOO_LARGE);
}

/* Memory for a few of the requests, and none for those behind them. */
static struct {
    unsigned left;
    size_t used;
    _Alignas(max_align_t) uint8_t bytes[8][sizeof(cJSON)];
} supply;

static void *give(void *arg, size_t size)
{
    (void)arg;
    if (supply.left == 0 || size > sizeof supply.bytes[0])
        return NULL;
    supply.left--;
    return supply.bytes[supply.used++];
}

Test(json_tree, says_so_when_there_is_no_memory)
{
    cJSON *json = NULL;

    for (unsigned n = 0; n < 6; n++) { /* nodes and strings of {"a":["b"]}: three and two */
        supply.left = n;
        supply.used = 0;
        enum status st =
            json_tree_read(SLICE_LIT("{\"a\":[\"b\"]}"), &JSON_TOKEN_LIMITS, give, NULL, &json);
        cr_assert_eq(st, n < 5 ? ST_NO_MEMORY : ST_OK, "%u", n);
    }
}

Test(json_tree, numbers_as_long_as_cjson_takes_them)
{
    char text[128] = "{\"a\":0.";
    cJSON *json;

    memset(text + 7, '1', 61);
    strcpy(text + 68, "}");
    cr_assert_eq(read(text, &json), ST_OK);
    strcpy(text + 68, "1}");
    cr_assert_eq(read(text, &json), ST_INVALID);
}
