#include "token.h"

#include "device_code.h"
#include "device_request.h"
#include "json.h"
#include "policy.h"

static void put_back(void *arg, enum status st)
{
    struct request *r = arg;

    (void)st; /* without it the client has to authorize again */
    request_fail(r, (struct verdict){ REFUSE_UNAVAILABLE, "upstream cannot be reached" });
}

/* Errors that ask for the same request with another proof (RFC 9449 §8, attestation draft §8). */
static bool asks_again(const struct http_response *response)
{
    static const char *const errors[] = { "use_attestation_challenge", "use_dpop_nonce" };
    struct slice error;
    bool found = false;
    cJSON *json;

    if (response->head->code / 100 != 4 ||
        json_parse_object(response->body, &JSON_MESSAGE_LIMITS, &json))
        return false;
    if (!json_get_text(json, "error", 64, &error))
        for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
            found = found || slice_is(error, errors[i]);
    cJSON_Delete(json);
    return found;
}

static void kept_back(void *arg, enum status st)
{
    struct request *r = arg;

    (void)st; /* without it the client has to authorize again */
    forward_answer(r, ST_OK, r->answer);
}

/* Upstream has not looked at the code: the instance may come again with it. */
static void keep_code(struct request *r, const struct http_response *response)
{
    r->answer = forward_keep(r, response);
    if (r->answer)
        binding_claim(&r->binding, r->worker->store, request_settings(r)->binding_lifetime * 1000,
                      kept_back, r);
}

/* Nothing was written, so the code is as good as it was. */
static void code_answered(struct request *r, enum status st, const struct http_response *response)
{
    if (st == ST_OK && asks_again(response))
        keep_code(r, response);
    else if (st == ST_BUSY || st == ST_UNAVAILABLE)
        binding_claim(&r->binding, r->worker->store, request_settings(r)->binding_lifetime * 1000,
                      put_back, r);
    else
        device_answer(r, st, response);
}

static struct verdict verdict_on_binding(enum status st)
{
    if (st == ST_NOT_FOUND)
        return (struct verdict){ REFUSE_GRANT, "no /par with this code_verifier, or code used" };
    if (st == ST_DENIED)
        return (struct verdict){ REFUSE_GRANT, "another instance's code_verifier" };
    return (struct verdict){ refusal_of_store(st), "store: taking the binding" };
}

static void binding_taken(void *arg, enum status st)
{
    struct request *r = arg;

    if (st) {
        request_refuse(r, verdict_on_binding(st));
        return;
    }
    request_accepted(r);
    forward_send(r, code_answered);
}

static void exchange_code(struct request *r)
{
    binding_of_verifier(&r->binding, policy_value(&r->form, "code_verifier"), r->pass.client,
                        &r->pass.jkt);
    binding_take(&r->binding, r->worker->store, binding_taken, r);
}

/* Grants of two phases belong to the instance that began them. */
static const struct {
    const char *grant;
    request_step_fn *redeem;
} in_two_phases[] = {
    { GRANT_AUTHORIZATION_CODE, exchange_code },
    { GRANT_DEVICE_CODE, device_code_redeem },
};

static void redeem(struct request *r)
{
    struct slice grant = policy_value(&r->form, "grant_type");

    if (!forward_prepare(r, ENDPOINT_TOKEN))
        return;
    for (size_t i = 0; i < sizeof in_two_phases / sizeof *in_two_phases; i++)
        if (slice_is(grant, in_two_phases[i].grant)) {
            in_two_phases[i].redeem(r);
            return;
        }
    request_accepted(r);
    forward_send(r, device_answer);
}

/* What a form says about a device is looked at before upstream is to see it. */
static void proceed(struct request *r)
{
    device_begin(r, redeem);
}

static const struct gated_endpoint token = { .policy = policy_token,
                                             .grants = true,
                                             .proceed = proceed };

void token_handle(struct request *r)
{
    request_gate(r, &token);
}
