#include "device_code.h"

#include "device_request.h"
#include "handout.h"
#include "policy.h"

enum { DEVICE_CODE_MAX = 1024 };

static void remembered(void *arg, enum status st)
{
    struct request *r = arg;

    if (st == ST_DENIED)
        request_fail(r, (struct verdict){ REFUSE_BAD_GATEWAY, "upstream's device_code is old" });
    else if (st)
        request_fail(r, (struct verdict){ refusal_of_store(st), "store: keeping the device_code" });
    else
        forward_answer(r, ST_OK, r->answer);
}

/* For longer than it lives, so that upstream gets to say that it has expired. */
static void remember(struct request *r, const struct handout *h)
{
    uint32_t seconds = h->expires_in + request_settings(r)->binding_lifetime;

    binding_of_device_code(&r->binding, h->name, r->pass.client, &r->pass.jkt);
    binding_claim(&r->binding, r->worker->store, seconds * 1000, remembered, r);
}

void device_code_answer(struct request *r, enum status st, const struct http_response *response)
{
    struct handout h;

    if (st || response->head->code / 100 != 2) {
        forward_answer(r, st, response);
        return;
    }
    if (handout_read(response->body, "device_code", DEVICE_CODE_MAX, &h)) {
        request_fail(r, (struct verdict){ REFUSE_BAD_GATEWAY, "upstream's device authorization" });
        return;
    }
    r->answer = forward_keep(r, response);
    if (r->answer)
        remember(r, &h);
    handout_clear(&h);
}

/* Unknown and another instance's look alike to the client. */
static struct verdict verdict_on_owner(enum status st)
{
    if (st == ST_NOT_FOUND)
        return (struct verdict){ REFUSE_GRANT, "device_code unknown or long expired" };
    if (st == ST_DENIED)
        return (struct verdict){ REFUSE_GRANT, "another instance's device_code" };
    return (struct verdict){ refusal_of_store(st), "store: looking for the device_code" };
}

static void owner_known(void *arg, enum status st)
{
    struct request *r = arg;

    if (st) {
        request_refuse(r, verdict_on_owner(st));
        return;
    }
    request_accepted(r);
    forward_send(r, device_answer);
}

void device_code_redeem(struct request *r)
{
    binding_of_device_code(&r->binding, policy_value(&r->form, "device_code"), r->pass.client,
                           &r->pass.jkt);
    binding_look(&r->binding, r->worker->store, owner_known, r);
}
