#include <stdlib.h>
#include <string.h>

#include "attester.h"
#include "base64url.h"
#include "form.h"
#include "instance_key.h"
#include "integrity_token.h"
#include "jwk.h"
#include "msg_attestation.h"
#include "msg_challenge.h"
#include "pop.h"
#include "secret.h"

_Static_assert((int)VOUCHSAFE_TOKEN_MAX == (int)INTEGRITY_TOKEN_MAX, "one limit");
_Static_assert((int)VOUCHSAFE_PINS_MAX == (int)PINS_MAX, "one limit");
_Static_assert((int)VOUCHSAFE_POP_MAX == (int)POP_MAX_LEN, "one limit");
_Static_assert((int)VOUCHSAFE_CLIENT_ID_MAX == (int)CLIENT_ID_MAX, "one limit");

enum { RANDOM_LEN = 16, VERIFIER_LEN = 32 };

struct vouchsafe_core {
    char client_id[VOUCHSAFE_CLIENT_ID_MAX + 1];
    struct build_id build;
    struct instance_key key;
    struct digest jkt;
};

const char *vouchsafe_error_text(enum vouchsafe_error error)
{
    static const char *const texts[] = {
        [VOUCHSAFE_OK] = "all is well",
        [VOUCHSAFE_BAD_ARGUMENT] = "an argument or setting cannot work",
        [VOUCHSAFE_NO_MEMORY] = "out of memory",
        [VOUCHSAFE_NO_BUILD_ID] = "the app has no build-id; link it with -Wl,--build-id",
        [VOUCHSAFE_KEY_STORE] = "the instance key could not be loaded or saved",
        [VOUCHSAFE_UNREACHABLE] = "the server cannot be reached",
        [VOUCHSAFE_TIMEOUT] = "the server did not answer in time",
        [VOUCHSAFE_BAD_ANSWER] = "the server's answer is malformed",
        [VOUCHSAFE_REFUSED] = "the server does not vouch for this app",
        [VOUCHSAFE_UNAVAILABLE] = "the server asks to try again later",
        [VOUCHSAFE_PROBE] = "the challenge asks for what this app does not have",
        [VOUCHSAFE_CANCELLED] = "the client was freed before the answer came",
        [VOUCHSAFE_INTERNAL] = "an internal error",
        [VOUCHSAFE_NO_GRANT] = "the answer has no grant on a device",
        [VOUCHSAFE_NOT_DEVICE] = "this is not the device, or somebody is in between",
        [VOUCHSAFE_ENDED] = "the conversation with the device is over",
    };
    return (unsigned)error <= VOUCHSAFE_ENDED ? texts[error] : "an unknown error";
}

static enum vouchsafe_error open_core(struct vouchsafe_core *core, const char *client_id,
                                      enum vouchsafe_key_type key_type,
                                      const struct vouchsafe_key_store *key_store)
{
    struct self_module self;

    if (!client_id || !client_id_ok(slice_of(client_id)) ||
        slice_copy_text(slice_of(client_id), core->client_id, sizeof core->client_id))
        return VOUCHSAFE_BAD_ARGUMENT;
    if (self_executable(&self))
        return VOUCHSAFE_NO_BUILD_ID;
    core->build = self.build_id;
    enum vouchsafe_error error = instance_key_open(key_type, key_store, &core->key);
    if (!error)
        core->jkt = jwk_thumbprint(&core->key.own.public);
    return error;
}

enum vouchsafe_error vouchsafe_core_new(const char *client_id, enum vouchsafe_key_type key_type,
                                        const struct vouchsafe_key_store *key_store,
                                        struct vouchsafe_core **out)
{
    static const struct vouchsafe_key_store none = { .arg = NULL };
    struct vouchsafe_core *core = calloc(1, sizeof *core);

    if (!core)
        return VOUCHSAFE_NO_MEMORY;
    enum vouchsafe_error error =
        open_core(core, client_id, key_type, key_store ? key_store : &none);
    if (error)
        vouchsafe_core_free(core);
    else
        *out = core;
    return error;
}

void vouchsafe_core_free(struct vouchsafe_core *core)
{
    if (!core)
        return;
    secret_wipe(core, sizeof *core);
    free(core);
}

/* Ends a text that a writer made with one byte to spare. */
static enum vouchsafe_error finish_text(const struct writer *w, char *out)
{
    out[w->full ? 0 : w->len] = '\0';
    return w->full ? VOUCHSAFE_BAD_ARGUMENT : VOUCHSAFE_OK;
}

enum vouchsafe_error vouchsafe_core_challenge_request(const struct vouchsafe_core *core,
                                                      const char *previous, char *out, size_t cap)
{
    const struct challenge_request message = { .client_id = slice_of(core->client_id),
                                               .build = core->build,
                                               .jkt = core->jkt,
                                               .previous = slice_of(previous) };
    struct writer w = writer_over(out, cap ? cap - 1 : 0);

    if (cap == 0 || challenge_request_encode(&message, &w))
        return VOUCHSAFE_BAD_ARGUMENT;
    return finish_text(&w, out);
}

/* A report that cannot be made here is left out: whether that matters is the server's policy. */
static enum vouchsafe_error answer_probes(const struct vouchsafe_core *core,
                                          const struct challenge_response *challenge,
                                          struct writer *reports, struct attestation_request *out)
{
    memcpy(out->challenge, challenge->challenge, sizeof out->challenge);
    out->instance_key = core->key.own.public;
    out->evidence_count = 0;
    for (uint32_t i = 0; i < challenge->probe_count; i++) {
        const struct probe *probe = &challenge->probes[i];
        struct evidence *evidence = &out->evidence[out->evidence_count];
        enum status st =
            attester_answer(probe, challenge->challenge, &core->jkt, reports, evidence);
        if (!st)
            out->evidence_count++;
        else if (st != ST_IO || !probe_form(probe->kind)->reported)
            return VOUCHSAFE_PROBE;
    }
    return VOUCHSAFE_OK;
}

static enum vouchsafe_error read_challenge(struct slice text, struct challenge_response *out)
{
    cJSON *message;
    enum status st = json_parse_object(text, &JSON_MESSAGE_LIMITS, &message);

    if (st)
        return st == ST_NO_MEMORY ? VOUCHSAFE_NO_MEMORY : VOUCHSAFE_BAD_ANSWER;
    st = challenge_response_decode(message, out);
    cJSON_Delete(message);
    if (st == ST_UNSUPPORTED)
        return VOUCHSAFE_PROBE;
    return st ? VOUCHSAFE_BAD_ANSWER : VOUCHSAFE_OK;
}

/* Too much for the stack of a thread. */
struct answering {
    struct challenge_response challenge;
    struct attestation_request answer;
    uint8_t reports[VOUCHSAFE_MESSAGE_MAX];
};

_Static_assert((int)VOUCHSAFE_INTEGRITY_TOKEN == (int)RESULT_INTEGRITY_TOKEN &&
                   (int)VOUCHSAFE_CLIENT_ASSERTION == (int)RESULT_CLIENT_ASSERTION &&
                   (int)VOUCHSAFE_EAR == (int)RESULT_EAR,
               "one list");

/* An audience where one belongs, and nowhere else. */
static enum vouchsafe_error set_wish(enum vouchsafe_format format, const char *audience,
                                     struct attestation_request *out)
{
    if ((unsigned)format >= RESULT_FORMATS ||
        (format == VOUCHSAFE_CLIENT_ASSERTION) != (audience && *audience))
        return VOUCHSAFE_BAD_ARGUMENT;
    out->format = (enum result_format)format;
    return slice_copy_text(slice_of(audience), out->audience, sizeof out->audience)
               ? VOUCHSAFE_BAD_ARGUMENT
               : VOUCHSAFE_OK;
}

enum vouchsafe_error vouchsafe_core_answer_for(const struct vouchsafe_core *core,
                                               const char *challenge, size_t len,
                                               enum vouchsafe_format format, const char *audience,
                                               char *out, size_t cap)
{
    struct answering *a = malloc(sizeof *a);

    if (!a)
        return VOUCHSAFE_NO_MEMORY;
    struct writer reports = writer_over(a->reports, sizeof a->reports);
    struct writer w = writer_over(out, cap ? cap - 1 : 0);
    enum vouchsafe_error error = set_wish(format, audience, &a->answer);

    if (!error)
        error = read_challenge((struct slice){ (const uint8_t *)challenge, len }, &a->challenge);
    if (!error)
        error = answer_probes(core, &a->challenge, &reports, &a->answer);
    if (!error && (cap == 0 || attestation_request_encode(&a->answer, &w)))
        error = VOUCHSAFE_BAD_ARGUMENT;
    free(a);
    return error ? error : finish_text(&w, out);
}

enum vouchsafe_error vouchsafe_core_answer(const struct vouchsafe_core *core, const char *challenge,
                                           size_t len, char *out, size_t cap)
{
    return vouchsafe_core_answer_for(core, challenge, len, VOUCHSAFE_INTEGRITY_TOKEN, NULL, out,
                                     cap);
}

/* The message borrows from *json; free that with cJSON_Delete. */
static enum vouchsafe_error read_answer(const char *answer, size_t len, cJSON **json,
                                        struct attestation_response *out)
{
    if (json_parse_object((struct slice){ (const uint8_t *)answer, len }, &JSON_MESSAGE_LIMITS,
                          json))
        return VOUCHSAFE_BAD_ANSWER;
    if (!attestation_response_decode(*json, out))
        return VOUCHSAFE_OK;
    cJSON_Delete(*json);
    return VOUCHSAFE_BAD_ANSWER;
}

enum vouchsafe_error vouchsafe_core_token(const char *answer, size_t len,
                                          char token[VOUCHSAFE_TOKEN_MAX + 1], int64_t *expires_in)
{
    return vouchsafe_core_result(answer, len, VOUCHSAFE_INTEGRITY_TOKEN, token, expires_in);
}

enum vouchsafe_error vouchsafe_core_result(const char *answer, size_t len,
                                           enum vouchsafe_format format,
                                           char token[VOUCHSAFE_TOKEN_MAX + 1], int64_t *expires_in)
{
    struct attestation_response message;
    cJSON *json;
    enum vouchsafe_error error = read_answer(answer, len, &json, &message);

    if (error)
        return error;
    if ((int)message.format != (int)format ||
        slice_copy_text(message.token, token, VOUCHSAFE_TOKEN_MAX + 1))
        error = VOUCHSAFE_BAD_ANSWER;
    *expires_in = message.expires_in;
    cJSON_Delete(json);
    return error;
}

enum vouchsafe_error vouchsafe_core_pins(const char *answer, size_t len,
                                         uint8_t pins[VOUCHSAFE_PINS_MAX][32], size_t *count)
{
    struct attestation_response message;
    cJSON *json;
    enum vouchsafe_error error = read_answer(answer, len, &json, &message);

    if (error)
        return error;
    memcpy(pins, message.pins, message.pin_count * sizeof message.pins[0]);
    *count = message.pin_count;
    cJSON_Delete(json);
    return VOUCHSAFE_OK;
}

enum vouchsafe_error vouchsafe_token_info(const char *token, struct vouchsafe_token_info *out)
{
    cJSON *header, *claims;

    if (!token || jwt_peek(slice_of(token), &header, &claims))
        return VOUCHSAFE_BAD_ARGUMENT;
    bool good = !json_get_int(claims, "iat", 0, INT64_MAX, &out->issued_at) &&
                !json_get_int(claims, "exp", 0, INT64_MAX, &out->expires_at) &&
                !json_get_number(claims, "coverage", 0, 1, &out->coverage) &&
                !json_get_int(claims, "streak", 0, INT64_MAX, &out->streak);
    cJSON_Delete(header);
    cJSON_Delete(claims);
    return good ? VOUCHSAFE_OK : VOUCHSAFE_BAD_ARGUMENT;
}

enum vouchsafe_error vouchsafe_core_pop(const struct vouchsafe_core *core, const char *audience,
                                        const char *challenge, int64_t now,
                                        char pop[VOUCHSAFE_POP_MAX + 1])
{
    uint8_t random[RANDOM_LEN];
    char jti[BASE64URL_LEN(RANDOM_LEN) + 1];
    struct writer w = writer_over(pop, VOUCHSAFE_POP_MAX);

    crypto_random(random, sizeof random);
    base64url_encode(jti, (struct slice){ random, sizeof random });
    const struct pop_claims claims = { .audience = slice_of(audience),
                                       .token_id = slice_of(jti),
                                       .issued_at = now,
                                       .challenge = slice_of(challenge) };
    /* A key in hardware keeps its last error. */
    enum status st = pop_encode(&claims, jwt_alg_of_key(core->key.own.public.type),
                                instance_key_sign, (void *)&core->key, &w);
    if (st)
        return st == ST_IO || st == ST_DENIED ? VOUCHSAFE_KEY_STORE : VOUCHSAFE_BAD_ARGUMENT;
    return finish_text(&w, pop);
}

int vouchsafe_core_key_error(const struct vouchsafe_core *core)
{
    return atomic_load(&core->key.error);
}

enum vouchsafe_error vouchsafe_form_add(char *form, size_t cap, const char *name, const char *value)
{
    size_t len = strnlen(form, cap);

    if (len == cap)
        return VOUCHSAFE_BAD_ARGUMENT;
    struct writer w = { .data = (uint8_t *)form, .len = len, .cap = cap - 1 };
    form_append(&w, name, slice_of(value));
    form[w.full ? len : w.len] = '\0';
    return w.full ? VOUCHSAFE_BAD_ARGUMENT : VOUCHSAFE_OK;
}

void vouchsafe_pkce(char verifier[44], char challenge[44])
{
    uint8_t random[VERIFIER_LEN];

    crypto_random(random, sizeof random);
    base64url_encode(verifier, (struct slice){ random, sizeof random });
    struct digest hash = crypto_sha256(slice_of(verifier));
    base64url_encode(challenge, (struct slice){ hash.bytes, sizeof hash.bytes });
    secret_wipe(random, sizeof random);
}
