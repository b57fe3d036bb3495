#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "http.h"
#include "msg_error.h"
#include "pop.h"
#include "secret.h"

enum {
    CONNECT_MS = 5000,
    TOTAL_MS = 15000,
    REFRESH_BEFORE_S = 30,
    URL_MAX = 512,
    RETRY_WAIT_MAX_S = 5 /* a longer Retry-After is the app's to wait for */
};

struct vouchsafe_client {
    struct vouchsafe_core *core;
    struct trust *trust;
    char challenges_url[URL_MAX];
    char attestations_url[URL_MAX];
    int connect_ms, total_ms;
    int64_t refresh_before_s;

    pthread_mutex_t lock;  /* of what follows */
    pthread_cond_t landed; /* a flight has ended */
    bool in_flight;
    uint64_t flights;                /* ended so far */
    enum vouchsafe_error last_error; /* of the last flight */
    char token[VOUCHSAFE_TOKEN_MAX + 1];
    int64_t refresh_at, expires_at; /* monotonic seconds */
    struct vouchsafe_refusal refusal;
};

/* The wall clock may be set; how long a token has lived may not depend on it. */
static int64_t monotonic_s(void)
{
    struct timespec now;

    clock_gettime(CLOCK_BOOTTIME, &now);
    return now.tv_sec;
}

static int or_default(int value, int fallback)
{
    return value > 0 ? value : fallback;
}

static enum vouchsafe_error set_urls(struct vouchsafe_client *c, const char *base)
{
    struct url url;

    if (!base || url_read(slice_of(base), &url) || url.query.data)
        return VOUCHSAFE_BAD_ARGUMENT;
    size_t len = strlen(base);
    while (len && base[len - 1] == '/')
        len--;
    int a = snprintf(c->challenges_url, URL_MAX, "%.*s/v1/challenges", (int)len, base);
    int b = snprintf(c->attestations_url, URL_MAX, "%.*s/v1/attestations", (int)len, base);
    return a < URL_MAX && b < URL_MAX ? VOUCHSAFE_OK : VOUCHSAFE_BAD_ARGUMENT;
}

static enum vouchsafe_error open_client(struct vouchsafe_client *c,
                                        const struct vouchsafe_config *config)
{
    enum vouchsafe_error error = set_urls(c, config->attestd_url);

    c->connect_ms = or_default(config->connect_timeout_ms, CONNECT_MS);
    c->total_ms = or_default(config->total_timeout_ms, TOTAL_MS);
    c->refresh_before_s = or_default(config->refresh_before_s, REFRESH_BEFORE_S);
    if (!error)
        error = trust_new(config->ca_file, config->pins, config->pin_count, &c->trust);
    if (!error)
        error =
            vouchsafe_core_new(config->client_id, config->key_type, &config->key_store, &c->core);
    return error;
}

enum vouchsafe_error vouchsafe_client_new(const struct vouchsafe_config *config,
                                          struct vouchsafe_client **out)
{
    struct vouchsafe_client *c = calloc(1, sizeof *c);

    if (!c)
        return VOUCHSAFE_NO_MEMORY;
    pthread_mutex_init(&c->lock, NULL);
    pthread_cond_init(&c->landed, NULL);
    enum vouchsafe_error error = open_client(c, config);
    if (error)
        vouchsafe_client_free(c);
    else
        *out = c;
    return error;
}

void vouchsafe_client_free(struct vouchsafe_client *c)
{
    if (!c)
        return;
    vouchsafe_core_free(c->core);
    trust_free(c->trust);
    pthread_mutex_destroy(&c->lock);
    pthread_cond_destroy(&c->landed);
    secret_wipe(c, sizeof *c);
    free(c);
}

static enum vouchsafe_error post(struct vouchsafe_client *c, const char *url,
                                 const char *content_type, struct slice body,
                                 const struct http1_header *headers, size_t header_count,
                                 struct http_answer *out)
{
    const struct http_post request = { .url = url,
                                       .content_type = content_type,
                                       .headers = headers,
                                       .header_count = header_count,
                                       .body = body,
                                       .connect_ms = c->connect_ms,
                                       .total_ms = c->total_ms };

    return http_post(&request, c->trust, out);
}

/* Keeps what attestd said for vouchsafe_client_refusal, and names the kind of refusal. */
static enum vouchsafe_error refused(const struct http_answer *answer,
                                    struct vouchsafe_refusal *refusal)
{
    struct error_message message;
    cJSON *json;

    *refusal = (struct vouchsafe_refusal){ .code = answer->code };
    if (!json_parse_object((struct slice){ (const uint8_t *)answer->body, answer->len },
                           &JSON_MESSAGE_LIMITS, &json)) {
        if (!error_message_decode(json, &message) &&
            (slice_copy_text(message.error, refusal->error, sizeof refusal->error) ||
             slice_copy_text(message.error_id, refusal->error_id, sizeof refusal->error_id)))
            *refusal = (struct vouchsafe_refusal){ .code = answer->code };
        cJSON_Delete(json);
    }
    if (answer->code == 429 || answer->code >= 500)
        return VOUCHSAFE_UNAVAILABLE;
    return answer->code >= 400 ? VOUCHSAFE_REFUSED : VOUCHSAFE_BAD_ANSWER;
}

/* One attestation on its way: two requests, nothing of it seen by others until it lands. */
struct flight {
    char previous[VOUCHSAFE_TOKEN_MAX + 1];
    char token[VOUCHSAFE_TOKEN_MAX + 1];
    int64_t expires_in;
    unsigned retry_after_s;
    struct vouchsafe_refusal refusal;
};

static enum vouchsafe_error post_message(struct vouchsafe_client *c, const char *url,
                                         const char *message, int expected, struct flight *f,
                                         struct http_answer *answer)
{
    enum vouchsafe_error error =
        post(c, url, "application/json", slice_of(message), NULL, 0, answer);

    if (error)
        return error;
    f->retry_after_s = answer->retry_after_s;
    return answer->code == expected ? VOUCHSAFE_OK : refused(answer, &f->refusal);
}

static enum vouchsafe_error get_answer(struct vouchsafe_client *c, struct flight *f,
                                       char message[VOUCHSAFE_MESSAGE_MAX])
{
    struct http_answer answer = { .code = 0 };
    enum vouchsafe_error error = vouchsafe_core_challenge_request(
        c->core, f->previous[0] ? f->previous : NULL, message, VOUCHSAFE_MESSAGE_MAX);

    if (!error)
        error = post_message(c, c->challenges_url, message, 201, f, &answer);
    if (!error)
        error =
            vouchsafe_core_answer(c->core, answer.body, answer.len, message, VOUCHSAFE_MESSAGE_MAX);
    http_answer_clear(&answer);
    return error;
}

static enum vouchsafe_error fly_once(struct vouchsafe_client *c, struct flight *f)
{
    struct http_answer answer = { .code = 0 };
    char message[VOUCHSAFE_MESSAGE_MAX];
    enum vouchsafe_error error = get_answer(c, f, message);

    if (!error)
        error = post_message(c, c->attestations_url, message, 200, f, &answer);
    if (!error)
        error = vouchsafe_core_token(answer.body, answer.len, f->token, &f->expires_in);
    http_answer_clear(&answer);
    return error;
}

/* A server that says when to come again is asked once more, if that is soon. */
static enum vouchsafe_error fly(struct vouchsafe_client *c, struct flight *f)
{
    enum vouchsafe_error error = fly_once(c, f);

    if (error != VOUCHSAFE_UNAVAILABLE || f->retry_after_s == 0 ||
        f->retry_after_s > RETRY_WAIT_MAX_S)
        return error;
    const struct timespec wait = { .tv_sec = f->retry_after_s };
    nanosleep(&wait, NULL);
    return fly_once(c, f);
}

static void land(struct vouchsafe_client *c, const struct flight *f, enum vouchsafe_error error)
{
    if (!error) {
        memcpy(c->token, f->token, sizeof c->token);
        int64_t early = f->expires_in / 2; /* a token of seconds is not renewed at every call */
        c->expires_at = monotonic_s() + f->expires_in;
        c->refresh_at = c->expires_at - (early < c->refresh_before_s ? early : c->refresh_before_s);
    }
    if (error == VOUCHSAFE_REFUSED || error == VOUCHSAFE_UNAVAILABLE)
        c->refusal = f->refusal;
    c->last_error = error;
    c->in_flight = false;
    c->flights++;
    pthread_cond_broadcast(&c->landed);
}

/* Called with the lock held, and returns with it: joins the flight that is under way, or flies. */
static enum vouchsafe_error attest_locked(struct vouchsafe_client *c)
{
    if (c->in_flight) {
        uint64_t joined = c->flights;
        while (c->flights == joined)
            pthread_cond_wait(&c->landed, &c->lock);
        return c->last_error;
    }
    struct flight f = { .expires_in = 0 };
    memcpy(f.previous, c->token, sizeof f.previous);
    c->in_flight = true;
    pthread_mutex_unlock(&c->lock);
    enum vouchsafe_error error = fly(c, &f);
    pthread_mutex_lock(&c->lock);
    land(c, &f, error);
    return error;
}

enum vouchsafe_error vouchsafe_client_attest(struct vouchsafe_client *c)
{
    pthread_mutex_lock(&c->lock);
    enum vouchsafe_error error = attest_locked(c);
    pthread_mutex_unlock(&c->lock);
    return error;
}

enum vouchsafe_error vouchsafe_client_token(struct vouchsafe_client *c,
                                            char token[VOUCHSAFE_TOKEN_MAX + 1])
{
    enum vouchsafe_error error = VOUCHSAFE_OK;

    pthread_mutex_lock(&c->lock);
    if (!c->token[0] || monotonic_s() >= c->refresh_at) {
        error = attest_locked(c);
        /* A token that has not expired yet serves while the server does not answer. A refusal is
         * an answer. */
        if (error && error != VOUCHSAFE_REFUSED && c->token[0] && monotonic_s() < c->expires_at)
            error = VOUCHSAFE_OK;
    }
    if (!error)
        memcpy(token, c->token, sizeof c->token);
    pthread_mutex_unlock(&c->lock);
    return error;
}

enum vouchsafe_error vouchsafe_client_headers(struct vouchsafe_client *c, const char *audience,
                                              const char *challenge, struct vouchsafe_headers *out)
{
    enum vouchsafe_error error = vouchsafe_client_token(c, out->attestation);

    return error ? error : vouchsafe_core_pop(c->core, audience, challenge, time(NULL), out->pop);
}

enum vouchsafe_error vouchsafe_client_post(struct vouchsafe_client *c, const char *url,
                                           const char *audience, const char *form,
                                           struct vouchsafe_response *out)
{
    struct vouchsafe_headers values;
    struct http_answer answer;
    enum vouchsafe_error error = vouchsafe_client_headers(c, audience, NULL, &values);

    *out = (struct vouchsafe_response){ .code = 0 };
    if (error)
        return error;
    const struct http1_header headers[] = {
        { SLICE_LIT(ATTESTATION_HEADER), slice_of(values.attestation) },
        { SLICE_LIT(ATTESTATION_POP_HEADER), slice_of(values.pop) },
    };
    error = post(c, url, "application/x-www-form-urlencoded", slice_of(form), headers, 2, &answer);
    if (!error)
        *out = (struct vouchsafe_response){ answer.code, answer.body, answer.len };
    return error;
}

void vouchsafe_response_clear(struct vouchsafe_response *response)
{
    if (response->body)
        secret_wipe(response->body, response->len);
    free(response->body);
    *response = (struct vouchsafe_response){ .code = 0 };
}

void vouchsafe_client_refusal(struct vouchsafe_client *c, struct vouchsafe_refusal *out)
{
    pthread_mutex_lock(&c->lock);
    *out = c->refusal;
    pthread_mutex_unlock(&c->lock);
}
