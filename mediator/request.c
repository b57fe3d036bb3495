#include "request.h"

#include "admission.h"
#include "device_request.h"
#include "dpop.h"
#include "mediator_metrics.h"
#include "msg_error.h"
#include "policy.h"
#include "pop.h"
#include "refresh.h"
#include "rewrite.h"

enum { ERROR_ID_BYTES = 16 };

const struct settings *request_settings(const struct request *r)
{
    return generation_settings(r->generation);
}

const struct upstream_settings *request_upstream(const struct request *r)
{
    return &request_settings(r)->upstreams[r->upstream];
}

const struct remote *request_remote(const struct request *r, enum endpoint_id id)
{
    return discovery_endpoint(generation_discovery(r->generation, r->upstream), id);
}

const cJSON *request_metadata(const struct request *r)
{
    return discovery_document(generation_discovery(r->generation, r->upstream));
}

static void ended(void *arg)
{
    struct request *r = arg;

    forward_clear(&r->forward);
    device_request_clear(r);
    generation_drop(r->generation);
}

struct request *request_open(struct http_exchange *ex, struct worker *w, const char *endpoint)
{
    struct request *r = http_exchange_alloc(ex, sizeof *r);

    if (!r) {
        http_refuse(ex, refusal_answer(REFUSALS_OF_OAUTH, REFUSE_INTERNAL), NULL);
        return NULL;
    }
    r->ex = ex;
    r->worker = w;
    r->endpoint = endpoint;
    r->generation = generation_hold(w);
    http_exchange_on_end(ex, ended, r);
    return r;
}

static void *given(struct request *r, void *memory)
{
    if (!memory)
        request_fail(r, (struct verdict){ REFUSE_INTERNAL, "no memory" });
    return memory;
}

void *request_alloc(struct request *r, size_t size)
{
    return given(r, http_exchange_alloc(r->ex, size));
}

uint8_t *request_bytes(struct request *r, size_t size)
{
    return given(r, http_exchange_bytes(r->ex, size));
}

/* --- what the operator reads --- */

struct error_id {
    char text[ERROR_ID_LEN + 1];
};

static struct error_id draw_error_id(void)
{
    uint8_t bytes[ERROR_ID_BYTES];
    struct error_id id;

    crypto_random(bytes, sizeof bytes);
    base64url_encode(id.text, (struct slice){ bytes, sizeof bytes });
    return id;
}

static void log_instance(struct log_line *line, const struct gate_pass *pass)
{
    char jkt[BASE64URL_LEN(SHA256_LEN) + 1];

    if (client_id_ok(pass->client_id))
        log_text(line, "client_id", pass->client_id);
    if (!pass->has_jkt)
        return;
    base64url_encode(jkt, (struct slice){ pass->jkt.bytes, sizeof pass->jkt.bytes });
    log_word(line, "jkt", jkt);
}

/* A query may hold secrets: the path alone. */
static void log_original(struct log_line *line, const struct request *r)
{
    if (r->policy)
        log_word(line, "policy", r->policy);
    if (r->original.method.len == 0)
        return;
    log_text(line, "method", r->original.method);
    log_text(line, "path", r->original.path);
}

static void audit(struct request *r, const char *event, const char *verdict, const char *reason,
                  const char *error_id)
{
    struct log_line line;

    log_begin(&line, r->worker->log, reason ? LOG_WARN : LOG_INFO, event);
    log_word(&line, "verdict", verdict);
    log_word(&line, "endpoint", r->endpoint);
    log_original(&line, r);
    log_instance(&line, &r->pass);
    if (reason) {
        log_word(&line, "error_id", error_id);
        log_word(&line, "reason", reason);
    }
    log_text(&line, "peer", http_peer_text(r->ex));
    log_text(&line, "request_id", http_request_id(r->ex));
    log_end(&line);
}

void request_accepted(struct request *r)
{
    count_verdict(r->worker->meter, ACCEPTED);
    audit(r, "gate", "accepted", NULL, NULL);
}

/* --- refusals --- */

void request_fail(struct request *r, struct verdict v)
{
    struct error_id id = draw_error_id();

    count_verdict(r->worker->meter, v.refusal);
    audit(r, "request failed", "failed", v.reason, id.text);
    http_refuse(r->ex, refusal_answer(r->refusals, v.refusal), id.text);
}

/* `extra` is a header that the refusal needs, or has no name. */
static void answer_refusal(struct request *r, struct verdict v, struct http_header_field extra)
{
    const char *authenticate = refusal_authenticate(r->refusals, v.refusal);
    const struct http_refusal *answer = refusal_answer(r->refusals, v.refusal);
    struct error_id id = draw_error_id();
    struct http_header_field headers[2];
    size_t count = 0;

    count_verdict(r->worker->meter, v.refusal);
    audit(r, "gate", "refused", v.reason, id.text);
    if (extra.name)
        headers[count++] = extra;
    if (authenticate)
        headers[count++] = (struct http_header_field){ "WWW-Authenticate", slice_of(authenticate) };
    if (count)
        http_refuse_with(r->ex, answer, id.text, headers, count);
    else
        http_refuse(r->ex, answer, id.text);
}

static void challenge_issued(void *arg, enum status st, struct slice value)
{
    struct request *r = arg;
    struct http_header_field header = { r->verdict.refusal == REFUSE_NONCE
                                            ? DPOP_NONCE_HEADER
                                            : ATTESTATION_CHALLENGE_HEADER,
                                        slice_of(r->challenge.text) };

    (void)value;
    if (st) {
        r->verdict.refusal = refusal_of_store(st);
        header.name = NULL;
    }
    answer_refusal(r, r->verdict, header);
}

void request_refuse(struct request *r, struct verdict v)
{
    r->verdict = v;
    if (v.refusal == REFUSE_CHALLENGE || v.refusal == REFUSE_NONCE)
        pop_challenge_issue(r->worker->store, &r->challenge,
                            request_settings(r)->challenge_lifetime * 1000, challenge_issued, r);
    else
        answer_refusal(r, v, (struct http_header_field){ NULL, { NULL, 0 } });
}

/* --- the way of a gated request --- */

/* Parameters such as charset are allowed, and mean nothing (RFC 6749 §4.1.3). */
static bool is_form(const struct http1_head *head)
{
    struct slice type = http1_header_value(head, "Content-Type");

    return slice_equal_nocase(slice_trim(slice_cut(&type, ';')),
                              SLICE_LIT("application/x-www-form-urlencoded"));
}

bool request_read_form(struct request *r, struct slice text)
{
    uint8_t *scratch = request_bytes(r, text.len);
    enum status st;

    if (!scratch)
        return false;
    st = form_parse(text, scratch, text.len, &r->form);
    if (!st)
        st = rewrite_admit(&r->form);
    if (st)
        request_refuse(r,
                       (struct verdict){ REFUSE_REQUEST, "form malformed, or a parameter twice" });
    return st == ST_OK;
}

bool request_admitted(struct request *r)
{
    const struct client *client =
        settings_client_at(request_settings(r), r->upstream, policy_value(&r->form, "client_id"));

    return admission_client(r->ex, r->worker, slice_of(client ? client->id : NULL));
}

static void metadata_known(void *arg, enum status st)
{
    struct request *r = arg;

    if (st)
        request_fail(r, (struct verdict){ REFUSE_UNAVAILABLE, "no metadata of upstream" });
    else
        r->proceed(r);
}

void request_await_metadata(struct request *r, request_step_fn *next)
{
    r->proceed = next;
    discovery_await(generation_discovery(r->generation, r->upstream), &r->wait, metadata_known, r);
}

static void settled(void *arg, struct verdict v)
{
    struct request *r = arg;

    if (v.refusal)
        request_refuse(r, v);
    else
        r->proceed(r);
}

void request_settle(struct request *r, struct verdict v, request_step_fn *next)
{
    const struct dues *dues = &r->pass.proof.dues;

    r->proceed = next;
    if (!v.refusal && dues->count)
        dues_pay(&r->payment, r->worker->store, dues, settled, r);
    else
        settled(r, v);
}

static void passed(struct request *r)
{
    if (r->gated->keeps_sealed || refresh_open(r))
        request_await_metadata(r, r->gated->proceed);
}

void request_gate(struct request *r, const struct gated_endpoint *e)
{
    const struct http1_head *head = http_request_head(r->ex);

    if (!is_form(head)) {
        request_refuse(r, (struct verdict){ REFUSE_REQUEST, "content type is not that of a form" });
        return;
    }
    if (!request_read_form(r, http_request_body(r->ex)) || !request_admitted(r))
        return;
    const struct gate_input in = { .settings = request_settings(r),
                                   .upstream = r->upstream,
                                   .head = head,
                                   .audience = slice_of(request_upstream(r)->front),
                                   .method = head->method,
                                   .base =
                                       slice_of(request_settings(r)->issuer), /* as in metadata */
                                   .path = head->path,
                                   .now = clock_wall(r->worker->clock),
                                   .form = &r->form,
                                   .policy = e->policy,
                                   .grants = e->grants };
    r->gated = e;
    request_settle(r, gate_check(&in, &r->pass), passed);
}
