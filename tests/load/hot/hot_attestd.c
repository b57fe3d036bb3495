/* hot-attestd: challenge and attestation, without HTTP and store. */
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "appraise.h"
#include "hot.h"
#include "json.h"
#include "policy.h"
#include "registry_build.h"
#include "verifier.h"

enum { BLOCKS = 64 };

/* The program itself is the build: it has more than BLOCKS blocks of each kind, and only how many
 * there are decides what an appraisal costs. */
static struct build build;
static const struct policy blocks_only = {
    .kinds = { [PROBE_MEMORY] = POLICY_REQUIRED, [PROBE_FILE] = POLICY_REQUIRED }
};
static const struct digest jkt = { { 9 } };
static const uint8_t challenge[CHALLENGE_LEN] = { 5 };
static struct drawn asked;
static struct attestation_request answer;

static void prepare_build(void)
{
    char why[WHY_MAX], self[PATH_MAX];

    if (build.module_count)
        return;
    hot_must(!build_make_room(&build, 1), "memory");
    ssize_t len = readlink("/proc/self/exe", self, sizeof self - 1);
    hot_must(len > 0, "readlink");
    self[len] = '\0';
    hot_must(!module_open(self, "hot-attestd", &build.modules[0], why, sizeof why),
             "the executable");
    build.module_count = 1;
    build.id = build.modules[0].image.build_id;
    strcpy(build.label, "1.0.0");
}

static void draw(void)
{
    draw_probes(&build, &blocks_only, challenge, BLOCKS, &asked);
}

/* --- what is said --- */

static void encode_challenge(void)
{
    static struct challenge_response message;
    static uint8_t text[16384];
    struct writer w = writer_over(text, sizeof text);

    memcpy(message.challenge, challenge, sizeof challenge);
    message.expires_in = 10;
    message.probe_count = asked.count;
    memcpy(message.probes, asked.probes, asked.count * sizeof asked.probes[0]);
    hot_must(!challenge_response_encode(&message, &w), "encoding");
}

static void draw_and_encode(void)
{
    draw();
    encode_challenge();
}

static void prepare_answer(void)
{
    static const uint8_t d[KEY_COORD_LEN] = { 1, 2, 3 };
    struct private_key key;

    prepare_build();
    draw();
    hot_must(!crypto_key_from_private(KEY_P256, d, &key), "key");
    answer.instance_key = key.public;
    memcpy(answer.challenge, challenge, sizeof challenge);
    answer.evidence_count = asked.count;
    for (uint32_t i = 0; i < asked.count; i++) {
        const struct probe *p = &asked.probes[i];
        struct crypto_hmac h;
        probe_digest_init(&h, challenge, p->id, p->kind, &jkt);
        for (uint32_t b = 0; b < p->block_count; b++)
            verifier_of(p->kind)->feed(&build.modules[asked.modules[i]], p->blocks[b], &h);
        answer.evidence[i] = (struct evidence){ .id = p->id, .digest = crypto_hmac_final(&h) };
    }
}

static struct {
    uint8_t text[16384];
    struct writer w;
} message;

static void prepare_message(void)
{
    prepare_answer();
    message.w = writer_over(message.text, sizeof message.text);
    hot_must(!attestation_request_encode(&answer, &message.w), "encoding");
}

static void decode_attestation(void)
{
    static struct attestation_request out;
    cJSON *json;

    hot_must(!json_parse_object(writer_slice(&message.w), &JSON_MESSAGE_LIMITS, &json) &&
                 !attestation_request_decode(json, &out),
             "decoding");
    cJSON_Delete(json);
}

/* --- what is decided --- */

static void appraise(void)
{
    static struct appraisal found;
    static struct verdict verdict;

    found = (struct appraisal){ .known = true, .key_matches = true };
    appraise_evidence(&asked, &answer, &jkt, &found);
    policy_decide(&blocks_only, &found, &verdict);
    hot_must(verdict.accepted, "the verdict");
}

int main(void)
{
    static const struct hot_path paths[] = {
        { "challenge, drawn and written", prepare_build, draw_and_encode },
        { "attestation, read", prepare_message, decode_attestation },
        { "appraisal of 128 blocks", prepare_answer, appraise },
    };

    return hot_run(paths, sizeof paths / sizeof paths[0]);
}
