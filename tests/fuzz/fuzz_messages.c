#include "fuzz.h"
#include "msg_attestation.h"
#include "msg_challenge.h"
#include "msg_error.h"

static uint8_t text[1 << 16], text_again[1 << 16];

/* What decodes encodes, and decodes to the same again. */
#define ROUND_TRIP(type, decode, encode)                                                           \
    static void check_##decode(const cJSON *json)                                                  \
    {                                                                                              \
        static struct type first, second;                                                          \
        struct writer w = writer_over(text, sizeof text);                                          \
        cJSON *again;                                                                              \
        if (decode(json, &first) != ST_OK)                                                         \
            return;                                                                                \
        MUST(encode(&first, &w) == ST_OK);                                                         \
        MUST(json_parse_object(writer_slice(&w), &JSON_MESSAGE_LIMITS, &again) == ST_OK);          \
        MUST(decode(again, &second) == ST_OK);                                                     \
        struct writer w2 = writer_over(text_again, sizeof text_again);                             \
        MUST(encode(&second, &w2) == ST_OK);                                                       \
        MUST(slice_equal(writer_slice(&w), writer_slice(&w2)));                                    \
        cJSON_Delete(again);                                                                       \
    }

ROUND_TRIP(challenge_request, challenge_request_decode, challenge_request_encode)
ROUND_TRIP(challenge_response, challenge_response_decode, challenge_response_encode)
ROUND_TRIP(attestation_request, attestation_request_decode, attestation_request_encode)
ROUND_TRIP(attestation_response, attestation_response_decode, attestation_response_encode)
ROUND_TRIP(error_message, error_message_decode, error_message_encode)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    cJSON *json;

    if (json_parse_object((struct slice){ data, len }, &JSON_MESSAGE_LIMITS, &json) != ST_OK)
        return 0;
    check_challenge_request_decode(json);
    check_challenge_response_decode(json);
    check_attestation_request_decode(json);
    check_attestation_response_decode(json);
    check_error_message_decode(json);
    cJSON_Delete(json);
    return 0;
}
