#include "flight.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "msg_attestation.h"
#include "msg_error.h"
#include "secret.h"

const struct wish WISH_TOKEN = { VOUCHSAFE_INTEGRITY_TOKEN, NULL };

bool wish_ok(const struct wish *wish)
{
    size_t len = wish->audience ? strlen(wish->audience) : 0;

    return (wish->format == VOUCHSAFE_CLIENT_ASSERTION) == (len > 0) && len <= AUDIENCE_MAX;
}

struct flight *flight_new(struct vouchsafe_core *core, const struct settings *settings,
                          const struct wish *wish, const char *previous)
{
    struct flight *f = calloc(1, sizeof *f);

    if (!f)
        return NULL;
    f->wish = *wish;
    f->core = core;
    f->settings = settings;
    snprintf(f->previous, sizeof f->previous, "%s", previous);
    return f;
}

void flight_free(struct flight *f)
{
    if (!f)
        return;
    secret_wipe(f, sizeof *f);
    free(f);
}

enum vouchsafe_error flight_next(struct flight *f, int64_t now, struct http_post *out)
{
    const char *previous = f->previous[0] ? f->previous : NULL;
    enum vouchsafe_error error = VOUCHSAFE_OK;

    if (!f->challenged)
        error = vouchsafe_core_challenge_request(f->core, previous, f->message, sizeof f->message);
    f->landing.asked_ms = now;
    *out = settings_post(f->settings);
    out->attestd = true;
    out->url = f->challenged ? f->settings->attestations_url : f->settings->challenges_url;
    out->content_type = "application/json";
    out->body = slice_of(f->message);
    return error;
}

static bool read_refusal(const cJSON *json, struct vouchsafe_refusal *out)
{
    struct error_message message;

    return !error_message_decode(json, &message) &&
           !slice_copy_text(message.error, out->error, sizeof out->error) &&
           !slice_copy_text(message.error_id, out->error_id, sizeof out->error_id);
}

/* Keeps what attestd said, and names the kind of refusal. */
static enum vouchsafe_error refused(struct flight *f, const struct http_answer *answer)
{
    struct vouchsafe_refusal *refusal = &f->landing.refusal;
    cJSON *json;

    *refusal = (struct vouchsafe_refusal){ .code = answer->code };
    if (!json_parse_object((struct slice){ (const uint8_t *)answer->body, answer->len },
                           &JSON_MESSAGE_LIMITS, &json)) {
        if (!read_refusal(json, refusal))
            *refusal = (struct vouchsafe_refusal){ .code = answer->code };
        cJSON_Delete(json);
    }
    if (answer->code == 429 || answer->code >= 500)
        return VOUCHSAFE_UNAVAILABLE;
    /* The app has been found genuine, but may not ask for this: its token is as good as it was. */
    if (answer->code == 400 && f->challenged && f->wish.format != VOUCHSAFE_INTEGRITY_TOKEN)
        return VOUCHSAFE_BAD_ARGUMENT;
    return answer->code >= 400 ? VOUCHSAFE_REFUSED : VOUCHSAFE_BAD_ANSWER;
}

static enum vouchsafe_error on_challenge(struct flight *f, const struct http_answer *answer)
{
    enum vouchsafe_error error =
        vouchsafe_core_answer_for(f->core, answer->body, answer->len, f->wish.format,
                                  f->wish.audience, f->message, sizeof f->message);

    f->challenged = !error;
    return error;
}

static enum vouchsafe_error on_token(struct flight *f, const struct http_answer *answer)
{
    uint8_t pins[VOUCHSAFE_PINS_MAX][32];
    enum vouchsafe_error error = vouchsafe_core_result(answer->body, answer->len, f->wish.format,
                                                       f->token, &f->landing.expires_in_s);

    if (!error)
        error = vouchsafe_core_pins(answer->body, answer->len, pins, &f->pins.count);
    if (error)
        return error;
    memcpy(f->pins.pins, pins, f->pins.count * sizeof pins[0]);
    if (f->wish.format == VOUCHSAFE_INTEGRITY_TOKEN)
        f->landing.token = f->token;
    f->landed = true;
    return VOUCHSAFE_OK;
}

enum vouchsafe_error flight_answer(struct flight *f, const struct http_answer *answer)
{
    f->landing.retry_after_s = answer->retry_after_s;
    if (answer->code != (f->challenged ? 200 : 201))
        return refused(f, answer);
    return f->challenged ? on_token(f, answer) : on_challenge(f, answer);
}

const struct landing *flight_end(struct flight *f, enum vouchsafe_error error)
{
    f->landing.error = error;
    return &f->landing;
}
