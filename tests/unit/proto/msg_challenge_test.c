#include "msg_challenge.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#define B          "\"build\":\"00112233445566778899\""
#define J          "\"jkt\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\""
#define C          "\"challenge\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\""
#define P(members) "{" C ",\"expires_in\":10,\"probes\":[" members "]}"
#define ONE(blocks)                                                                                \
    "{\"id\":1,\"kind\":\"file\",\"module\":\"00112233445566778899\",\"blocks\":[" blocks "]}"

static enum status decode_request(const char *text, struct challenge_request *out)
{
    cJSON *json;

    cr_assert_eq(json_parse_object(slice_of(text), &JSON_MESSAGE_LIMITS, &json), ST_OK, "%s", text);
    enum status st = challenge_request_decode(json, out);
    cJSON_Delete(json);
    return st;
}

static enum status decode_response(const char *text, struct challenge_response *out)
{
    cJSON *json;

    cr_assert_eq(json_parse_object(slice_of(text), &JSON_MESSAGE_LIMITS, &json), ST_OK, "%s", text);
    enum status st = challenge_response_decode(json, out);
    cJSON_Delete(json);
    return st;
}

Test(msg_challenge, request_refusals)
{
    static const char *const bad[] = {
        "{}",
        "{" B "," J "}",
        "{\"client_id\":\"a\"," J "}",
        "{\"client_id\":\"a\"," B "}",
        "{\"client_id\":7," B "," J "}",
        "{\"client_id\":\"\"," B "," J "}",
        "{\"client_id\":\"a/b\"," B "," J "}",
        "{\"client_id\":\"..\"," B "," J "}",
        "{\"client_id\":\"a\",\"build\":\"0011\"," J "}",
        "{\"client_id\":\"a\",\"build\":\"zz\"," J "}",
        "{\"client_id\":\"a\"," B ",\"jkt\":\"AA\"}",
        "{\"client_id\":\"a\"," B ",\"jkt\":null}",
        "{\"client_id\":\"a\"," B "," J ",\"previous\":1}",
        "{\"client_id\":\"a\"," B "," J ",\"extra\":1}",
    };
    struct challenge_request out;

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        cr_assert_eq(decode_request(bad[i], &out), ST_INVALID, "%s", bad[i]);
    cr_assert_eq(decode_request("{\"client_id\":\"a\"," B "," J "}", &out), ST_OK);
    cr_assert_eq(out.previous.len, 0);
}

Test(msg_challenge, client_ids)
{
    char id[CLIENT_ID_MAX + 2];

    memset(id, 'a', sizeof id);
    cr_assert(client_id_ok((struct slice){ (uint8_t *)id, CLIENT_ID_MAX }));
    cr_assert_not(client_id_ok((struct slice){ (uint8_t *)id, CLIENT_ID_MAX + 1 }));
    cr_assert(client_id_ok(SLICE_LIT("my-app_1.0~x")));
    static const char *const bad[] = { "",     ".",   "..",   "a b",     "a/b",
                                       "a\\b", "a:b", "a%20", "\xc3\xa9" };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        cr_assert_not(client_id_ok(slice_of(bad[i])), "%s", bad[i]);
}

Test(msg_challenge, request_there_and_back)
{
    struct challenge_request in = { .client_id = SLICE_LIT("app"),
                                    .build = { 8, { 1, 2, 3 } },
                                    .jkt = { { 9, 8, 7 } },
                                    .previous = SLICE_LIT("a.b.c") };
    uint8_t text[512];
    struct writer w = writer_over(text, sizeof text);
    struct challenge_request out;
    cJSON *json;

    cr_assert_eq(challenge_request_encode(&in, &w), ST_OK);
    cr_assert_eq(json_parse_object(writer_slice(&w), &JSON_MESSAGE_LIMITS, &json), ST_OK);
    cr_assert_eq(challenge_request_decode(json, &out), ST_OK);
    cr_assert(slice_equal(in.client_id, out.client_id));
    cr_assert(build_id_equal(&in.build, &out.build));
    cr_assert_arr_eq(in.jkt.bytes, out.jkt.bytes, 32);
    cr_assert(slice_equal(in.previous, out.previous));
    cJSON_Delete(json);
    w = writer_over(text, w.len - 1);
    cr_assert_eq(challenge_request_encode(&in, &w), ST_TOO_LARGE);
}

Test(msg_challenge, response_refusals)
{
    static const char *const bad[] = {
        "{}",
        "{\"expires_in\":10,\"probes\":[]}",
        "{" C ",\"probes\":[]}",
        "{" C ",\"expires_in\":10}",
        "{" C ",\"expires_in\":0,\"probes\":[]}",
        "{" C ",\"expires_in\":3601,\"probes\":[]}",
        P("1"),
        P("{}"),
        P(ONE("-1")),
        P(ONE("1.5")),
        P(ONE("4294967296")),
        P(ONE("\"1\"")),
        P(ONE("null")),
        P("{\"id\":-1,\"kind\":\"file\",\"module\":\"00112233445566778899\",\"blocks\":[]}"),
        P("{\"id\":1,\"kind\":\"file\",\"module\":\"00\",\"blocks\":[]}"),
        P("{\"id\":1,\"kind\":\"file\",\"module\":\"00112233445566778899\",\"blocks\":{}}"),
        P("{\"id\":1,\"module\":\"00112233445566778899\",\"blocks\":[]}"),
    };
    struct challenge_response out;

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        cr_assert_eq(decode_response(bad[i], &out), ST_INVALID, "%s", bad[i]);
    cr_assert_eq(
        decode_response(P("{\"id\":1,\"kind\":\"quote\",\"module\":\"00112233445566778899\","
                          "\"blocks\":[]}"),
                        &out),
        ST_UNSUPPORTED);
    cr_assert_eq(decode_response(P(ONE("0,4294967295")), &out), ST_OK);
    cr_assert_eq(out.probes[0].blocks[1], UINT32_MAX);
    cr_assert_eq(decode_response("{" C ",\"expires_in\":3600,\"probes\":[],\"later\":1}", &out),
                 ST_OK, "a client takes members that it does not know");
}

/* As many probes and blocks as there may be, and one more. */
static enum status with_counts(uint32_t probes, uint32_t blocks)
{
    static struct challenge_response out;
    static uint8_t text[1 << 16];
    struct writer w = writer_over(text, sizeof text);
    struct json_writer j = json_writer_over(&w);
    cJSON *json;

    json_begin_object(&j, NULL);
    json_base64url(&j, "challenge", (struct slice){ out.challenge, sizeof out.challenge });
    json_int(&j, "expires_in", 1);
    json_begin_array(&j, "probes");
    for (uint32_t i = 0; i < probes; i++) {
        json_begin_object(&j, NULL);
        json_int(&j, "id", i);
        json_text(&j, "kind", SLICE_LIT("memory"));
        json_text(&j, "module", SLICE_LIT("0011223344556677"));
        json_begin_array(&j, "blocks");
        for (uint32_t b = 0; b < blocks; b++)
            json_int(&j, NULL, b);
        json_end_array(&j);
        json_end_object(&j);
    }
    json_end_array(&j);
    json_end_object(&j);
    cr_assert_eq(json_parse_object(writer_slice(&w), &JSON_MESSAGE_LIMITS, &json), ST_OK);
    enum status st = challenge_response_decode(json, &out);
    cJSON_Delete(json);
    return st;
}

Test(msg_challenge, counts_from_both_sides)
{
    cr_assert_eq(with_counts(PROBES_MAX, 1), ST_OK);
    cr_assert_eq(with_counts(PROBES_MAX + 1, 1), ST_INVALID);
    cr_assert_eq(with_counts(1, PROBE_BLOCKS_MAX), ST_OK);
    cr_assert_eq(with_counts(1, PROBE_BLOCKS_MAX + 1), ST_INVALID);
}

Test(msg_challenge, response_there_and_back)
{
    static struct challenge_response in = {
        .challenge = { 5 },
        .expires_in = 10,
        .probe_count = 2,
        .probes = { { .id = 1,
                      .kind = PROBE_MEMORY,
                      .module = { 8, { 1 } },
                      .block_count = 3,
                      .blocks = { 0, 7, 9 } },
                    { .id = 2, .kind = PROBE_FILE, .module = { 20, { 2 } }, .block_count = 0 } }
    };
    static struct challenge_response out;
    uint8_t text[1024];
    struct writer w = writer_over(text, sizeof text);

    cr_assert_eq(challenge_response_encode(&in, &w), ST_OK);
    text[w.len] = '\0';
    cr_assert_eq(decode_response((char *)text, &out), ST_OK);
    cr_assert_eq(out.probe_count, 2);
    cr_assert_eq(out.probes[0].blocks[2], 9);
    cr_assert_eq(out.probes[1].kind, PROBE_FILE);
    cr_assert_arr_eq(out.challenge, in.challenge, 32);
}

Test(msg_challenge, previous_from_both_sides)
{
    for (int n = 4096; n <= 4097; n++) {
        static char text[8192];
        struct challenge_request out;
        int at = snprintf(text, sizeof text, "{\"client_id\":\"a\"," B "," J ",\"previous\":\"");
        memset(text + at, 'a', (size_t)n);
        strcpy(text + at + n, "\"}");
        cr_assert_eq(decode_request(text, &out), n == 4096 ? ST_OK : ST_INVALID);
    }
}
