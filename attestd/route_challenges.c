#include "route_challenges.h"

#include <string.h>

#include "admission.h"
#include "attestd_metrics.h"
#include "challenge.h"
#include "draw.h"
#include "http_error.h"
#include "http_json.h"
#include "model.h"
#include "token.h"

/* Three kinds of PROBE_BLOCKS_MAX numbers of ten digits fit. */
enum { REPLY_MAX = 16 * 1024 };
_Static_assert(REPLY_MAX > 3 * PROBE_BLOCKS_MAX * 11 + PROBES_MAX * 192, "a reply fits");

/* Lives on the exchange until the store has answered. */
struct issuing {
    struct http_exchange *exchange;
    struct worker *worker;
    struct challenge challenge;
    struct challenge_record record;
    uint32_t ttl_ms;
    struct writer reply;
};

static void on_issued(void *arg, enum status st, struct slice value)
{
    struct issuing *issuing = arg;

    (void)value;
    count_challenge(issuing->worker->meter, st ? CHALLENGE_FAILED : CHALLENGE_ISSUED);
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

static void record_it(struct issuing *i)
{
    challenge_issue(i->worker->store, &i->challenge, &i->record, i->ttl_ms, on_issued, i);
}

/* The former token buys this one draw: whoever asks with it again begins anew. */
static void on_spent(void *arg, enum status st, struct slice value)
{
    struct issuing *issuing = arg;

    if (st && st != ST_EXISTS) {
        on_issued(arg, st, value);
        return;
    }
    if (st == ST_EXISTS) {
        issuing->record.streak = 0;
        issuing->record.miss = 1;
    }
    record_it(issuing);
}

/* As long as the token is worth anything; without one there is nothing to spend. */
static void spend(struct issuing *i, const struct former *former, const struct app *app)
{
    int64_t seconds = former->good_until - i->record.issued_at + 1;

    if (former->streak.count == 0) {
        record_it(i);
        return;
    }
    i->record.streak = former->streak.count;
    i->record.miss = former->streak.miss;
    struct store_key key = token_former_key(former, app);
    store_mark(i->worker->store, &key, (uint32_t)(seconds > 0 ? seconds : 1) * 1000, on_spent, i);
}

static const struct policy *policy_for(const struct attestd_model *model, struct slice client_id)
{
    const struct app *app = registry_app(model->registry, client_id);

    return app ? &app->policy : &POLICY_DEFAULT;
}

/* Draws, and says whether client and build are known. */
static bool draw_for(struct issuing *i, const struct challenge_request *request,
                     struct drawn *drawn, const struct app **app, const struct build **build)
{
    const struct attestd_model *model = attestd_model_of(i->worker);
    const uint8_t *challenge = i->challenge.bytes;
    bool known = registry_find(model->registry, &i->record.tag, app, build);

    if (known) {
        draw_probes(*build, &(*app)->policy, challenge, model->blocks, drawn);
        return true;
    }
    log_unknown(i->worker, i->exchange, request);
    draw_pretended(&request->build, &i->record.tag, &model->draw_key,
                   policy_for(model, request->client_id), challenge, model->blocks, drawn);
    return false;
}

static enum status encode_reply(const struct challenge *c, uint32_t ttl, const struct drawn *drawn,
                                struct writer *w)
{
    struct challenge_response message = { .expires_in = ttl, .probe_count = drawn->count };

    memcpy(message.challenge, c->bytes, sizeof message.challenge);
    memcpy(message.probes, drawn->probes, drawn->count * sizeof drawn->probes[0]);
    return challenge_response_encode(&message, w);
}

static struct issuing *begin(struct worker *w, struct http_exchange *ex,
                             const struct challenge_request *request)
{
    const struct attestd_model *model = attestd_model_of(w);
    struct issuing *issuing = http_exchange_alloc(ex, sizeof *issuing);
    uint8_t *text = http_exchange_bytes(ex, REPLY_MAX);

    if (!issuing || !text)
        return NULL;
    issuing->exchange = ex;
    issuing->worker = w;
    issuing->ttl_ms = model->challenge_ttl * 1000;
    issuing->reply = writer_over(text, REPLY_MAX);
    crypto_random(issuing->challenge.bytes, sizeof issuing->challenge.bytes);
    issuing->record =
        (struct challenge_record){ .jkt = request->jkt,
                                   .tag = build_tag_of(request->client_id, &request->build),
                                   .issued_at = clock_wall(w->clock),
                                   .blocks = (uint16_t)model->blocks };
    return issuing;
}

static void issue(struct worker *w, struct http_exchange *ex,
                  const struct challenge_request *request)
{
    const struct attestd_model *model = attestd_model_of(w);
    struct issuing *issuing = begin(w, ex, request);
    struct former former = { .id = "" };
    const struct build *build;
    const struct app *app;
    struct drawn drawn;

    if (!issuing) {
        http_refuse_status(ex, ST_NO_MEMORY);
        return;
    }
    if (draw_for(issuing, request, &drawn, &app, &build))
        former = token_former(request->previous, app, build, slice_of(model->issuer), &request->jkt,
                              issuing->record.issued_at);
    if (encode_reply(&issuing->challenge, model->challenge_ttl, &drawn, &issuing->reply))
        http_refuse_status(ex, ST_INTERNAL);
    else
        spend(issuing, &former, app);
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
    enum status st = http_request_json(ex, &message);

    if (!st)
        st = challenge_request_decode(message, &request);
    if (st)
        http_refuse_status(ex, st);
    else if (admit_client(app, ex, &request))
        issue(app, ex, &request);
}
