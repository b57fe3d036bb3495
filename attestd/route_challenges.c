#include "route_challenges.h"

#include <string.h>

#include "admission.h"
#include "attestd_metrics.h"
#include "challenge.h"
#include "draw.h"
#include "http_error.h"
#include "model.h"
#include "token.h"

/* Sixteen probes of PROBE_BLOCKS_MAX numbers of ten digits fit. */
enum { REPLY_MAX = 16 * 1024 };
_Static_assert(REPLY_MAX > 2 * PROBE_BLOCKS_MAX * 11 + PROBES_MAX * 256, "a reply fits");

/* Lives on the exchange until the store has answered. */
struct issuing {
    struct http_exchange *exchange;
    struct meter *meter;
    struct writer reply;
    uint8_t text[];
};

static void on_issued(void *arg, enum status st, struct slice value)
{
    struct issuing *issuing = arg;

    (void)value;
    count_challenge(issuing->meter, st ? CHALLENGE_FAILED : CHALLENGE_ISSUED);
    if (st)
        http_refuse_status(issuing->exchange, st == ST_EXISTS ? ST_INTERNAL : st);
    else
        http_reply_json(issuing->exchange, 201, writer_slice(&issuing->reply));
}

/* An unknown client learns nothing here: it is asked something, and refused when it answers. */
static void log_unknown(struct worker *w, struct http_exchange *ex,
                        const struct challenge_request *request)
{
    struct build_id_text build = build_id_text(&request->build);
    struct log_line line;

    log_begin(&line, w->log, LOG_INFO, "challenge for unknown client or build");
    log_text(&line, "request_id", http_request_id(ex));
    log_text(&line, "peer", http_peer_text(ex));
    log_text(&line, "client_id", request->client_id);
    log_word(&line, "build", build.text);
    log_end(&line);
}

static void draw_for(struct worker *w, struct http_exchange *ex,
                     const struct challenge_request *request, const struct challenge *c,
                     struct challenge_record *record, struct drawn *drawn)
{
    const struct attestd_model *model = attestd_model_of(w);
    const struct build *build;
    const struct app *app;

    if (!registry_find(model->registry, &record->tag, &app, &build)) {
        log_unknown(w, ex, request);
        draw_pretended(&request->build, &record->tag, c->bytes, model->blocks, drawn);
        return;
    }
    struct streak streak = token_streak(request->previous, app, build, slice_of(model->issuer),
                                        &request->jkt, record->issued_at);
    record->streak = streak.count;
    record->miss = streak.miss;
    draw_probes(build, &app->policy, c->bytes, model->blocks, drawn);
}

static enum status encode_reply(const struct challenge *c, uint32_t ttl, const struct drawn *drawn,
                                struct writer *w)
{
    struct challenge_response message = { .expires_in = ttl, .probe_count = drawn->count };

    memcpy(message.challenge, c->bytes, sizeof message.challenge);
    memcpy(message.probes, drawn->probes, drawn->count * sizeof drawn->probes[0]);
    return challenge_response_encode(&message, w);
}

static void issue(struct worker *w, struct http_exchange *ex,
                  const struct challenge_request *request)
{
    const struct attestd_model *model = attestd_model_of(w);
    struct issuing *issuing = http_exchange_alloc(ex, sizeof *issuing + REPLY_MAX);
    struct challenge challenge;
    struct drawn drawn;

    if (!issuing) {
        http_refuse_status(ex, ST_NO_MEMORY);
        return;
    }
    crypto_random(challenge.bytes, sizeof challenge.bytes);
    struct challenge_record record = { .jkt = request->jkt,
                                       .tag = build_tag_of(request->client_id, &request->build),
                                       .issued_at = clock_wall(w->clock),
                                       .blocks = (uint16_t)model->blocks };
    draw_for(w, ex, request, &challenge, &record, &drawn);
    issuing->exchange = ex;
    issuing->meter = w->meter;
    issuing->reply = writer_over(issuing->text, REPLY_MAX);
    if (encode_reply(&challenge, model->challenge_ttl, &drawn, &issuing->reply))
        http_refuse_status(ex, ST_INTERNAL);
    else
        challenge_issue(w->store, &challenge, &record, model->challenge_ttl * 1000, on_issued,
                        issuing);
}

/* Whoever answers a challenge was counted when it was issued. */
static bool admit_client(struct worker *w, struct http_exchange *ex,
                         const struct challenge_request *request)
{
    const struct app *app = registry_app(attestd_model_of(w)->registry, request->client_id);

    return admission_client(ex, w, slice_of(app ? app->client_id : NULL));
}

void route_challenges(struct http_exchange *ex, void *app)
{
    struct challenge_request request;
    cJSON *message;

    if (!admission_address(ex, app))
        return;
    enum status st = json_parse_object(http_request_body(ex), &JSON_MESSAGE_LIMITS, &message);

    if (st) {
        http_refuse_status(ex, st);
        return;
    }
    st = challenge_request_decode(message, &request);
    if (st)
        http_refuse_status(ex, st);
    else if (admit_client(app, ex, &request))
        issue(app, ex, &request);
    cJSON_Delete(message);
}
