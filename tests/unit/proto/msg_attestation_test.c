#include "msg_attestation.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#define C "\"challenge\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\""
#define K                                                                                          \
    "\"jwk\":{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_"                          \
    "7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}"
#define D       "\"digest\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\""
#define E(list) "{" C "," K ",\"evidence\":[" list "]}"
#define F(more) "{" C "," K ",\"evidence\":[]," more "}"

static enum status decode(const char *text, struct attestation_request *out)
{
    cJSON *json;

    cr_assert_eq(json_parse_object(slice_of(text), &JSON_MESSAGE_LIMITS, &json), ST_OK, "%s", text);
    enum status st = attestation_request_decode(json, out);
    cJSON_Delete(json);
    return st;
}

Test(msg_attestation, request_refusals)
{
    static const char *const bad[] = {
        "{}",
        "{" C "," K "}",
        "{" K ",\"evidence\":[]}",
        "{" C ",\"evidence\":[]}",
        "{" C ",\"jwk\":{},\"evidence\":[]}",
        "{" C ",\"jwk\":7,\"evidence\":[]}",
        "{" C ",\"jwk\":{\"kty\":\"RSA\",\"n\":\"AQAB\",\"e\":\"AQAB\"},\"evidence\":[]}",
        "{\"challenge\":\"AAAA\"," K ",\"evidence\":[]}",
        "{" C "," K ",\"evidence\":{}}",
        E("1"),
        E("{}"),
        E("{\"id\":1}"),
        E("{" D "}"),
        E("{\"id\":\"1\"," D "}"),
        E("{\"id\":-1," D "}"),
        E("{\"id\":1.5," D "}"),
        E("{\"id\":4294967296," D "}"),
        E("{\"id\":1,\"digest\":\"AAAA\"}"),
        E("{\"id\":1," D ",\"x\":1}"),
        E("{\"id\":1," D "},{\"id\":1," D "}"),
        "{" C "," K ",\"evidence\":[],\"x\":1}",
        F("\"format\":\"\""),
        F("\"format\":7"),
        F("\"format\":\"EAR\""),
        F("\"format\":\"id_token\""),
        F("\"format\":\"client_assertion\""),
        F("\"format\":\"client_assertion\",\"audience\":\"\""),
        F("\"format\":\"client_assertion\",\"audience\":[\"https://as.example\"]"),
        F("\"format\":\"ear\",\"audience\":\"https://as.example\""),
        F("\"audience\":\"https://as.example\""),
    };
    struct attestation_request out;

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        cr_assert_eq(decode(bad[i], &out), ST_INVALID, "%s", bad[i]);
    cr_assert_eq(decode(E(""), &out), ST_OK);
    cr_assert_eq(decode(E("{\"id\":4294967295," D "}"), &out), ST_OK);
    cr_assert_eq(out.evidence[0].id, UINT32_MAX);
}

Test(msg_attestation, formats)
{
    static const struct {
        const char *text;
        enum result_format format;
        const char *audience;
    } rows[] = {
        { E(""), RESULT_INTEGRITY_TOKEN, "" },
        { F("\"format\":\"integrity_token\""), RESULT_INTEGRITY_TOKEN, "" },
        { F("\"format\":\"ear\""), RESULT_EAR, "" },
        { F("\"format\":\"client_assertion\",\"audience\":\"https://as.example/t\""),
          RESULT_CLIENT_ASSERTION, "https://as.example/t" },
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct attestation_request out, again;
        char text[1024];
        struct writer w = writer_over(text, sizeof text - 1);
        cr_assert_eq(decode(rows[i].text, &out), ST_OK, "%s", rows[i].text);
        cr_expect_eq(out.format, rows[i].format);
        cr_expect_str_eq(out.audience, rows[i].audience);
        cr_assert_eq(attestation_request_encode(&out, &w), ST_OK);
        text[w.len] = '\0';
        cr_assert_eq(decode(text, &again), ST_OK, "%s", text);
        cr_expect_eq(again.format, rows[i].format);
        cr_expect_str_eq(again.audience, rows[i].audience);
    }
}

Test(msg_attestation, audience_length_from_both_sides)
{
    for (size_t n = AUDIENCE_MAX; n <= AUDIENCE_MAX + 1; n++) {
        char text[1024] = "{" C "," K ",\"evidence\":[],\"format\":\"client_assertion\","
                          "\"audience\":\"";
        struct attestation_request out;
        size_t at = strlen(text);
        memset(text + at, 'a', n);
        strcpy(text + at + n, "\"}");
        cr_expect_eq(decode(text, &out), n == AUDIENCE_MAX ? ST_OK : ST_INVALID);
    }
}

Test(msg_attestation, an_answer_has_one_token)
{
    static const struct {
        const char *text;
        enum status st;
        enum result_format format;
    } rows[] = {
        { "{\"expires_in\":1,\"integrity_token\":\"a\"}", ST_OK, RESULT_INTEGRITY_TOKEN },
        { "{\"expires_in\":1,\"client_assertion\":\"a\"}", ST_OK, RESULT_CLIENT_ASSERTION },
        { "{\"expires_in\":1,\"ear\":\"a\"}", ST_OK, RESULT_EAR },
        { "{\"expires_in\":1}", ST_INVALID, 0 },
        { "{\"expires_in\":1,\"ear\":\"a\",\"integrity_token\":\"a\"}", ST_INVALID, 0 },
        { "{\"expires_in\":1,\"ear\":\"a\",\"client_assertion\":\"\"}", ST_INVALID, 0 },
        { "{\"expires_in\":1,\"ear\":7}", ST_INVALID, 0 },
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct attestation_response out;
        cJSON *json;
        cr_assert_eq(json_parse_object(slice_of(rows[i].text), &JSON_MESSAGE_LIMITS, &json), ST_OK);
        cr_expect_eq(attestation_response_decode(json, &out), rows[i].st, "%s", rows[i].text);
        if (!rows[i].st)
            cr_expect_eq(out.format, rows[i].format);
        cJSON_Delete(json);
    }
}

/* So that an app can hand on both as they came (RFC 7521 §4.2). */
Test(msg_attestation, an_assertion_comes_with_its_type)
{
    const struct attestation_response in = { .format = RESULT_CLIENT_ASSERTION,
                                             .token = SLICE_LIT("a.b.c"),
                                             .expires_in = 60 };
    char text[256] = "";
    struct writer w = writer_over(text, sizeof text - 1);

    cr_assert_eq(attestation_response_encode(&in, &w), ST_OK);
    cr_expect_str_eq(text, "{\"client_assertion\":\"a.b.c\",\"client_assertion_type\":"
                           "\"urn:ietf:params:oauth:client-assertion-type:jwt-bearer\","
                           "\"expires_in\":60}");
}

Test(msg_attestation, evidence_count_from_both_sides)
{
    for (int n = PROBES_MAX; n <= PROBES_MAX + 1; n++) {
        char text[4096] = "{" C "," K ",\"evidence\":[";
        struct attestation_request out;
        for (int i = 0; i < n; i++)
            snprintf(text + strlen(text), 100, "%s{\"id\":%d," D "}", i ? "," : "", i);
        strcat(text, "]}");
        cr_assert_eq(decode(text, &out), n == PROBES_MAX ? ST_OK : ST_INVALID);
    }
}

Test(msg_attestation, request_there_and_back)
{
    struct attestation_request in = { .challenge = { 1 },
                                      .evidence_count = 2,
                                      .evidence = { { 1, { { 2 } }, { NULL, 0 } },
                                                    { 7, { { 3 } }, { NULL, 0 } } } };
    struct attestation_request out;
    struct private_key key;
    uint8_t text[1024];
    struct writer w = writer_over(text, sizeof text - 1);

    cr_assert_eq(crypto_key_generate(KEY_P256, &key), ST_OK);
    in.instance_key = key.public;
    cr_assert_eq(attestation_request_encode(&in, &w), ST_OK);
    text[w.len] = '\0';
    cr_assert_eq(decode((char *)text, &out), ST_OK);
    cr_assert_eq(out.evidence_count, 2);
    cr_assert_eq(out.evidence[1].id, 7);
    cr_assert_arr_eq(out.evidence[1].digest.bytes, in.evidence[1].digest.bytes, 32);
    cr_assert_arr_eq(out.instance_key.y, key.public.y, 32);
}

Test(msg_attestation, response)
{
    const struct attestation_response in = { .token = SLICE_LIT("a.b.c"), .expires_in = 300 };
    struct attestation_response out;
    uint8_t text[128];
    struct writer w = writer_over(text, sizeof text);
    cJSON *json;

    cr_assert_eq(attestation_response_encode(&in, &w), ST_OK);
    cr_assert_eq(json_parse_object(writer_slice(&w), &JSON_MESSAGE_LIMITS, &json), ST_OK);
    cr_assert_eq(attestation_response_decode(json, &out), ST_OK);
    cr_assert(slice_is(out.token, "a.b.c"));
    cr_assert_eq(out.expires_in, 300);
    cJSON_Delete(json);
    cr_assert_eq(json_parse_object(SLICE_LIT("{\"integrity_token\":\"\",\"expires_in\":1}"),
                                   &JSON_MESSAGE_LIMITS, &json),
                 ST_OK);
    cr_assert_eq(attestation_response_decode(json, &out), ST_INVALID);
    cJSON_Delete(json);
}

Test(msg_attestation, token_length_from_both_sides)
{
    for (size_t n = 1024; n <= 1025; n++) {
        char text[2048] = "{\"expires_in\":1,\"integrity_token\":\"";
        struct attestation_response out;
        size_t at = strlen(text);
        cJSON *json;
        memset(text + at, 'a', n);
        strcpy(text + at + n, "\"}");
        cr_assert_eq(json_parse_object(slice_of(text), &JSON_MESSAGE_LIMITS, &json), ST_OK);
        cr_assert_eq(attestation_response_decode(json, &out), n == 1024 ? ST_OK : ST_INVALID);
        cJSON_Delete(json);
    }
}

#define PIN "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

static enum status decode_pins(const char *pins, struct attestation_response *out)
{
    char text[1024];
    cJSON *json;

    snprintf(text, sizeof text, "{\"expires_in\":1,\"integrity_token\":\"a\",\"pins\":%s}", pins);
    cr_assert_eq(json_parse_object(slice_of(text), &JSON_MESSAGE_LIMITS, &json), ST_OK, "%s", text);
    enum status st = attestation_response_decode(json, out);
    cJSON_Delete(json);
    return st;
}

Test(msg_attestation, pins_that_are_none)
{
    static const char *const bad[] = {
        "7",
        "{}",
        "null",
        "\"" PIN "\"",
        "[7]",
        "[\"\"]",
        "[\"" PIN "A\"]",
        "[\"" PIN "=\"]",
        "[\"+AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"]",
        "[\"" PIN "\",\"AA\"]",
    };
    struct attestation_response out;

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        cr_assert_eq(decode_pins(bad[i], &out), ST_INVALID, "%s", bad[i]);
}

Test(msg_attestation, the_number_of_pins_from_both_sides)
{
    struct attestation_response out;
    char list[1024] = "[";

    cr_assert_eq(decode_pins("[]", &out), ST_OK);
    cr_assert_eq(out.pin_count, 0);
    for (uint32_t n = 1; n <= PINS_MAX + 1; n++) {
        if (n > 1)
            list[strlen(list) - 1] = ','; /* for the bracket */
        strcpy(list + strlen(list), "\"" PIN "\"]");
        cr_assert_eq(decode_pins(list, &out), n <= PINS_MAX ? ST_OK : ST_INVALID, "%u", n);
        cr_assert_eq(out.pin_count, n <= PINS_MAX ? n : PINS_MAX);
    }
}

Test(msg_attestation, pins_go_and_come_back)
{
    struct attestation_response in = { .token = SLICE_LIT("a"), .expires_in = 1 }, out;
    uint8_t text[1024];
    cJSON *json;

    in.pin_count = PINS_MAX;
    for (uint32_t i = 0; i < PINS_MAX; i++)
        memset(in.pins[i].bytes, (int)(0xf1 + i), sizeof in.pins[i].bytes);
    struct writer w = writer_over(text, sizeof text);
    cr_assert_eq(attestation_response_encode(&in, &w), ST_OK);
    cr_assert_eq(json_parse_object(writer_slice(&w), &JSON_MESSAGE_LIMITS, &json), ST_OK);
    cr_assert_eq(attestation_response_decode(json, &out), ST_OK);
    cJSON_Delete(json);
    cr_assert_eq(out.pin_count, PINS_MAX);
    cr_assert_arr_eq(out.pins, in.pins, sizeof in.pins);
}
