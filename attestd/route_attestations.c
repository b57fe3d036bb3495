#include "route_attestations.h"

#include <string.h>

#include "admission.h"
#include "attestd_metrics.h"
#include "audit.h"
#include "challenge.h"
#include "claims.h"
#include "http_error.h"
#include "http_json.h"
#include "jwk.h"
#include "model.h"
#include "recorded.h"
#include "token_format.h"

static const struct http_refusal challenge_invalid = {
    403, "challenge_invalid", "The challenge is unknown, has expired or has been answered."
};
static const struct http_refusal attestation_failed = { 403, "attestation_failed", NULL };
static const struct http_refusal unavailable = { 503, "temporarily_unavailable",
                                                 "Try again later." };

/* Lives on the exchange while the store is asked. */
struct attesting {
    struct http_exchange *exchange;
    struct worker *worker;
    struct model_ref *model; /* the one it began under, until it ends */
    struct attestation_request request;
    struct digest jkt; /* of the key that answers */
};

static void release(void *arg)
{
    struct attesting *a = arg;

    model_ref_drop(a->model);
}

static const struct attestd_model *model_of(const struct attesting *a)
{
    return a->model->model;
}

static struct audit audit_of(const struct attesting *a)
{
    return (struct audit){ .request_id = http_request_id(a->exchange),
                           .peer = http_peer_text(a->exchange),
                           .jkt = &a->jkt };
}

static void refuse(struct attesting *a, const struct http_refusal *refusal,
                   const struct audit *audit, const char *reasons)
{
    struct error_id id = error_id_draw();

    audit_refused(a->worker->log, audit, &id, reasons);
    http_refuse(a->exchange, refusal, id.text);
}

static const struct http_refusal audience_unknown = {
    400, "invalid_request", "This app is not vouched for at that audience."
};

static void reply(struct attesting *a, int64_t lifetime, struct slice token)
{
    const struct delivered_pins *pins = &model_of(a)->pins;
    struct attestation_response message = { .format = a->request.format,
                                            .token = token,
                                            .expires_in = lifetime,
                                            .pin_count = pins->count };
    uint8_t text[INTEGRITY_TOKEN_MAX + PINS_MAX * PIN_TEXT_MAX + 256];
    struct writer w = writer_over(text, sizeof text);

    memcpy(message.pins, pins->pins, sizeof message.pins);
    if (attestation_response_encode(&message, &w))
        http_refuse_status(a->exchange, ST_INTERNAL);
    else
        http_reply_json(a->exchange, 200, writer_slice(&w));
}

static void vouch(struct attesting *a, const struct token_request *request,
                  const struct audit *audit, const char *reasons)
{
    uint8_t text[2 * INTEGRITY_TOKEN_MAX];
    struct writer token = writer_over(text, sizeof text);
    int64_t lifetime;

    /* Only now: what an app may ask for is told to a genuine one alone. */
    if (token_format_allowed(a->request.format, request)) {
        refuse(a, &audience_unknown, audit, "audience not among those of this app");
        return;
    }
    if (token_format_mint(a->request.format, request, &token, &lifetime)) {
        refuse(a, http_refusal_of(ST_INTERNAL), audit, "the token could not be made");
        return;
    }
    audit_accepted(a->worker->log, audit, reasons);
    reply(a, lifetime, writer_slice(&token));
}

static bool is_same_key(const struct digest *x, const struct digest *y)
{
    return memcmp(x->bytes, y->bytes, sizeof x->bytes) == 0;
}

/* What a policy may be tried on later. Nobody waits for it to be there. */
static void write_record(const struct attesting *a, const struct token_request *token,
                         const struct appraisal *found, bool accepted)
{
    struct recorder *recorder = model_of(a)->recorder;
    struct recorded r = { .time = token->now, .accepted = accepted, .found = *found };
    uint8_t text[RECORDED_LINE_MAX];
    struct writer line = writer_over(text, sizeof text);

    strcpy(r.client_id, token->app->client_id);
    strcpy(r.build, build_id_text(&token->build->id).text);
    strcpy(r.version, token->build->label);
    base64url_encode(r.jkt, (struct slice){ a->jkt.bytes, sizeof a->jkt.bytes });
    bool written = !recorded_encode(&r, &line) && !recorder_write(recorder, writer_slice(&line));
    count_record(a->worker->meter, written);
}

/* The challenge has been consumed: whatever is found now, it cannot be answered again. */
static void appraise(struct attesting *a, const struct challenge_record *record)
{
    const struct attestd_model *model = model_of(a);
    struct token_request token = { .issuer = slice_of(model->issuer),
                                   .instance_key = &a->request.instance_key,
                                   .audience = slice_of(a->request.audience),
                                   .now = clock_wall(a->worker->clock) };
    struct appraisal found;
    struct audit audit = audit_of(a);
    struct verdict verdict;
    struct drawn asked;

    appraisal_begin(&found);
    found.key_matches = is_same_key(&record->jkt, &a->jkt);
    found.age = token.now - record->issued_at;
    found.known = registry_find(model->registry, &record->tag, &token.app, &token.build);
    if (!found.known) {
        policy_decide(&POLICY_DEFAULT, &found, &verdict);
        count_appraisal(a->worker->meter, &POLICY_DEFAULT, &found, false);
        refuse(a, &attestation_failed, &audit, verdict.reasons);
        return;
    }
    found.state = token.build->state;
    draw_probes(token.build, &token.app->policy, a->request.challenge, record->blocks, &asked);
    appraise_evidence(&asked, &a->request, &a->jkt, &found);
    policy_decide(&token.app->policy, &found, &verdict);
    count_appraisal(a->worker->meter, &token.app->policy, &found, verdict.accepted);
    if (model->recorder)
        write_record(a, &token, &found, verdict.accepted);

    token.streak = streak_extend((struct streak){ record->streak, record->miss }, asked.fraction);
    audit.client_id = slice_of(token.app->client_id);
    audit.build = token.build;
    audit.streak = &token.streak;
    audit.format = result_format_name(a->request.format);
    token.found = &found;
    if (verdict.accepted)
        vouch(a, &token, &audit, verdict.reasons);
    else
        refuse(a, &attestation_failed, &audit, verdict.reasons);
}

static enum challenge_event event_of(enum status st)
{
    if (st == ST_NOT_FOUND)
        return CHALLENGE_UNKNOWN;
    return st ? CHALLENGE_FAILED : CHALLENGE_CONSUMED;
}

static void on_consumed(void *arg, enum status st, struct slice value)
{
    struct attesting *a = arg;
    struct challenge_record record;
    struct audit audit = audit_of(a);

    count_challenge(a->worker->meter, event_of(st));
    if (st == ST_NOT_FOUND)
        refuse(a, &challenge_invalid, &audit, "challenge unknown, expired or consumed");
    else if (st)
        refuse(a, &unavailable, &audit, status_name(st));
    else if (challenge_record_decode(value, &record))
        refuse(a, &challenge_invalid, &audit, "challenge of another version");
    else
        appraise(a, &record);
}

/* What is no answer at all is a verdict too: whoever sends such things is worth a line. */
static void refuse_message(struct http_exchange *ex, struct worker *w, enum status st)
{
    const struct audit audit = { .request_id = http_request_id(ex), .peer = http_peer_text(ex) };
    struct error_id id = error_id_draw();

    audit_refused(w->log, &audit, &id,
                  st == ST_NO_MEMORY ? "no memory" : "not a message that answers a challenge");
    http_refuse(ex, http_refusal_of(st), id.text);
}

static void begin(struct http_exchange *ex, struct worker *w, const cJSON *message)
{
    struct attesting *a = http_exchange_alloc(ex, sizeof *a);

    if (!a) {
        refuse_message(ex, w, ST_NO_MEMORY);
        return;
    }
    a->exchange = ex;
    a->worker = w;
    a->model = model_ref_hold(w->model);
    http_exchange_on_end(ex, release, a);
    enum status st = attestation_request_decode(message, &a->request);
    if (st) {
        refuse_message(ex, w, st);
        return;
    }
    a->jkt = jwk_thumbprint(&a->request.instance_key);
    challenge_consume(w->store, a->request.challenge, on_consumed, a);
}

void route_attestations(struct http_exchange *ex, void *app)
{
    cJSON *message;

    if (!admission_address(ex, app))
        return;
    enum status st = http_request_json(ex, &message);

    if (st) {
        refuse_message(ex, app, st);
        return;
    }
    begin(ex, app, message);
}
