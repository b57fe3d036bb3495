#include "relayed.h"

#include "device_code.h"
#include "policy.h"

static void relay(struct request *r, enum endpoint_id to, forward_fn *done)
{
    if (!forward_prepare(r, to))
        return;
    request_accepted(r);
    forward_send(r, done);
}

static void authorize_device(struct request *r)
{
    relay(r, ENDPOINT_DEVICE, device_code_answer);
}

static void revoke(struct request *r)
{
    relay(r, ENDPOINT_REVOCATION, forward_answer);
}

static void introspect(struct request *r)
{
    relay(r, ENDPOINT_INTROSPECTION, forward_answer);
}

static const struct gated_endpoint device_authorization = {
    .policy = policy_device, .grants = true, .proceed = authorize_device, .keeps_sealed = true
};
static const struct gated_endpoint revocation = { .policy = policy_names_token, .proceed = revoke };
static const struct gated_endpoint introspection = { .policy = policy_names_token,
                                                     .proceed = introspect };

void device_authorization_handle(struct request *r)
{
    request_gate(r, &device_authorization);
}

void revoke_handle(struct request *r)
{
    request_gate(r, &revocation);
}

void introspect_handle(struct request *r)
{
    request_gate(r, &introspection);
}
