#include "device_request.h"

#include <stdio.h>
#include <string.h>

#include "base64url.h"
#include "device_mint.h"
#include "device_reply.h"
#include "device_revoke.h"
#include "device_side.h"
#include "mediator_metrics.h"
#include "refresh.h"

enum { ID_TEXT_LEN = BASE64URL_LEN(GRANT_ID_LEN) + 1 };

/* --- before upstream is asked --- */

static void log_grant(struct request *r, const char *verdict, const char *reason)
{
    const struct device_request *d = r->device;
    struct log_line line;
    char id[ID_TEXT_LEN];

    base64url_encode(id, (struct slice){ d->grant_id, sizeof d->grant_id });
    log_begin(&line, r->worker->log, reason ? LOG_WARN : LOG_INFO, "device grant");
    log_word(&line, "verdict", verdict);
    log_word(&line, "device", d->wish.device->id);
    log_text(&line, "client_id", r->pass.client_id);
    log_word(&line, "grant", id);
    if (d->terms.expires) {
        log_word(&line, "scope", d->terms.scope);
        log_int(&line, "nbf", d->terms.not_before);
        log_int(&line, "exp", d->terms.expires);
    }
    if (reason)
        log_word(&line, "reason", reason);
    log_text(&line, "request_id", http_request_id(r->ex));
    log_end(&line);
}

static bool may_queue(const struct request *r)
{
    return r->device->wish.device->queue && r->pass.client->queue_grants;
}

static void deliver(struct request *r, delivery_fn *done, struct slice grant, uint32_t ttl_ms)
{
    struct delivery *d = &r->device->delivery;

    *d = (struct delivery){ .home = mediator_mailbox(r->worker),
                            .done = done,
                            .arg = r,
                            .grant = grant,
                            .ttl_ms = ttl_ms,
                            .may_queue = may_queue(r) };
    snprintf(d->device, sizeof d->device, "%s", r->device->wish.device->id);
    memcpy(d->grant_id, r->device->grant_id, sizeof d->grant_id);
    device_courier_deliver(device_side_courier(r->worker), d);
}

/* It may fall asleep before the grant is there: this spares most codes and refresh tokens. */
static void asked(struct delivery *d)
{
    struct request *r = d->arg;

    if (d->outcome == ST_OK)
        r->device->next(r);
    else
        request_fail(r, (struct verdict){ REFUSE_UNAVAILABLE, "device cannot be reached" });
}

static void begin(struct request *r, const struct device_wish *wish)
{
    struct device_request *d = r->device = request_alloc(r, sizeof *d);

    if (!d)
        return;
    d->wish = *wish;
    crypto_random(d->grant_id, sizeof d->grant_id);
    if (wish->has_key)
        memcpy(d->key, wish->key, sizeof d->key);
    else
        crypto_random(d->key, sizeof d->key);
}

void device_begin(struct request *r, request_step_fn *next)
{
    struct device_wish wish;
    struct verdict v = device_wish_read(request_settings(r), r->pass.client,
                                        clock_wall(r->worker->clock), &r->form, &wish);

    if (!v.refusal && wish.device)
        begin(r, &wish);
    secret_wipe(wish.key, sizeof wish.key);
    if (v.refusal) {
        request_refuse(r, v);
    } else if (!wish.device) {
        next(r);
    } else if (r->device) {
        r->device->next = next;
        if (wish.device->mode == DEVICE_SEALED || may_queue(r))
            next(r);
        else if (!device_side_courier(r->worker))
            request_fail(r, (struct verdict){ REFUSE_UNAVAILABLE, "devices need a restart" });
        else
            deliver(r, asked, (struct slice){ NULL, 0 }, 0);
    }
}

void device_request_clear(struct request *r)
{
    if (!r->device)
        return;
    secret_wipe(r->device->key, sizeof r->device->key);
    secret_wipe(r->device->wish.key, sizeof r->device->wish.key);
    secret_wipe(r->device->grant, sizeof r->device->grant);
}

/* --- once upstream has granted --- */

/* What upstream granted is of no use without the device. */
static void give_up(struct request *r, struct verdict v)
{
    log_grant(r, "failed", v.reason);
    device_revoke(r, v);
}

static void reply(struct request *r, const char *delivery, struct slice token)
{
    const struct device_request *d = r->device;
    const struct device_reply what = { .device = d->wish.device->id,
                                       .terms = &d->terms,
                                       .grant_id = d->grant_id,
                                       .key = d->wish.has_key ? NULL : d->key,
                                       .delivery = delivery,
                                       .token = token };
    struct http_response answer = *r->answer;
    size_t cap = answer.body.len + DEVICE_REPLY_MAX;
    uint8_t *room = request_bytes(r, cap);
    struct writer w = writer_over(room, room ? cap : 0);

    if (!room)
        return;
    if (device_reply_write(answer.body, &what, &w)) {
        give_up(r, (struct verdict){ REFUSE_INTERNAL, "device: answer not written" });
        return;
    }
    answer.body = writer_slice(&w);
    log_grant(r, delivery, NULL);
    refresh_answer(r, ST_OK, &answer);
    secret_wipe(room, w.len);
}

static struct verdict undelivered(enum status st)
{
    static const char *const reasons[ST_COUNT] = {
        [ST_NOT_FOUND] = "device: asleep",
        [ST_EXPIRED] = "device: takes the grant for expired",
        [ST_DENIED] = "device: refuses the grant",
        [ST_BUSY] = "device: too many grants wait for it",
        [ST_TIMEOUT] = "device: does not answer",
        [ST_LOST] = "device: connection lost",
        [ST_UNAVAILABLE] = "device: store not reached",
    };

    return (struct verdict){ REFUSE_UNAVAILABLE,
                             reasons[st] ? reasons[st] : "device: no delivery" };
}

static void delivered(struct delivery *d)
{
    struct request *r = d->arg;

    secret_wipe(r->device->grant, sizeof r->device->grant);
    if (d->outcome)
        give_up(r, undelivered(d->outcome));
    else
        reply(r, d->queued ? "queued" : "acknowledged", (struct slice){ NULL, 0 });
}

static void push(struct request *r)
{
    struct device_request *d = r->device;
    int64_t left = d->terms.expires - clock_wall(r->worker->clock);
    struct writer w = writer_over(d->grant, sizeof d->grant);
    struct grant grant = { .jkt = r->pass.jkt,
                           .issued_at = (uint64_t)clock_wall(r->worker->clock),
                           .not_before = (uint64_t)d->terms.not_before,
                           .expires = (uint64_t)d->terms.expires,
                           .once = d->terms.once,
                           .scope = slice_of(d->terms.scope) };

    memcpy(grant.id, d->grant_id, sizeof grant.id);
    memcpy(grant.key, d->key, sizeof grant.key);
    enum status st = grant_encode(&grant, &w);
    secret_wipe(&grant, sizeof grant);
    if (st || left <= 0 || !device_side_courier(r->worker))
        give_up(r, (struct verdict){ REFUSE_INTERNAL, "device: grant not made" });
    else
        deliver(r, delivered, writer_slice(&w), (uint32_t)left * 1000);
}

static void mint(struct request *r)
{
    const struct device_request *d = r->device;
    uint8_t *room = request_bytes(r, DEVICE_TOKEN_MAX);
    struct writer w = writer_over(room, room ? DEVICE_TOKEN_MAX : 0);
    const struct device_minting m = { .device = d->wish.device,
                                      .terms = &d->terms,
                                      .issuer = slice_of(request_upstream(r)->front),
                                      .client_id = slice_of(r->pass.client->id),
                                      .now = clock_wall(r->worker->clock),
                                      .key = d->key };

    if (!room)
        return;
    enum status st = device_mint(&m, request_settings(r)->device.token_key, &w);
    count_device_token(r->worker->meter, st);
    if (st)
        give_up(r, (struct verdict){ REFUSE_INTERNAL, "device: token not minted" });
    else
        reply(r, "token", writer_slice(&w));
}

static void granted(struct request *r, const cJSON *answer)
{
    struct device_request *d = r->device;
    struct verdict v = device_terms_of(request_settings(r), r->pass.client, &d->wish,
                                       clock_wall(r->worker->clock), answer, &d->terms);

    if (!v.refusal && device_reply_collides(answer))
        v = (struct verdict){ REFUSE_BAD_GATEWAY, "device: upstream's answer has members of ours" };
    if (v.refusal)
        give_up(r, v);
    else if (d->wish.device->mode == DEVICE_SEALED)
        mint(r);
    else
        push(r);
}

void device_answer(struct request *r, enum status st, const struct http_response *response)
{
    cJSON *answer;

    if (!r->device || st || response->head->code / 100 != 2) {
        refresh_answer(r, st, response);
        return;
    }
    r->answer = forward_keep(r, response);
    if (!r->answer)
        return;
    const struct json_limits limits = { .max_len = response->body.len,
                                        .max_depth = 16,
                                        .max_items = 4096 };
    if (json_parse_object(r->answer->body, &limits, &answer)) {
        request_fail(r, (struct verdict){ REFUSE_BAD_GATEWAY, "device: upstream's answer" });
        return;
    }
    granted(r, answer);
    cJSON_Delete(answer);
}
