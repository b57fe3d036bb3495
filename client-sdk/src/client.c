#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "agent.h"
#include "http.h"
#include "secret.h"

struct vouchsafe_client {
    struct agent agent;
    pthread_mutex_t lock;  /* of the agent's keeper */
    pthread_cond_t landed; /* a flight has ended */
};

enum vouchsafe_error vouchsafe_client_new(const struct vouchsafe_config *config,
                                          struct vouchsafe_client **out)
{
    struct vouchsafe_client *c = calloc(1, sizeof *c);

    if (!c)
        return VOUCHSAFE_NO_MEMORY;
    pthread_mutex_init(&c->lock, NULL);
    pthread_cond_init(&c->landed, NULL);
    enum vouchsafe_error error = agent_init(&c->agent, config);
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
    agent_clear(&c->agent);
    pthread_mutex_destroy(&c->lock);
    pthread_cond_destroy(&c->landed);
    free(c);
}

static enum vouchsafe_error fly_leg(struct agent *a, struct flight *f)
{
    struct http_answer answer = { .code = 0 };
    struct http_post post;
    enum vouchsafe_error error = flight_next(f, agent_now(), &post);

    if (!error)
        error = http_post(&post, a->trust, &answer);
    if (!error)
        error = flight_answer(f, &answer);
    if (!error)
        agent_deliver(a, f, &answer.chain);
    http_answer_clear(&answer);
    return error;
}

/* Without the lock. */
static enum vouchsafe_error fly(struct agent *a, struct flight *f)
{
    enum vouchsafe_error error = f ? VOUCHSAFE_OK : VOUCHSAFE_NO_MEMORY;

    while (!error && !f->landed)
        error = fly_leg(a, f);
    return error;
}

static const struct landing *end_of(struct flight *f, enum vouchsafe_error error)
{
    static const struct landing no_memory = { .error = VOUCHSAFE_NO_MEMORY };

    return f ? flight_end(f, error) : &no_memory;
}

/* From here on all is called with the lock held, and returns with it. */

/* `out` is for what the keeper does not keep, or NULL. */
static enum vouchsafe_error fly_and_land(struct vouchsafe_client *c, const struct wish *wish,
                                         char *out)
{
    struct flight *f = flight_new(c->agent.core, &c->agent.settings, wish, c->agent.keeper.token);

    pthread_mutex_unlock(&c->lock);
    enum vouchsafe_error error = fly(&c->agent, f);
    pthread_mutex_lock(&c->lock);
    keeper_land(&c->agent.keeper, end_of(f, error), agent_now(), agent_chance());
    pthread_cond_broadcast(&c->landed);
    if (f && !error && out)
        memcpy(out, f->token, sizeof f->token);
    flight_free(f);
    return error;
}

static void wait_for_landing(struct vouchsafe_client *c)
{
    uint64_t joined = c->agent.keeper.flights;

    while (c->agent.keeper.flights == joined)
        pthread_cond_wait(&c->landed, &c->lock);
}

static enum vouchsafe_error ask(struct vouchsafe_client *c, bool anew)
{
    struct keeper *keeper = &c->agent.keeper;
    enum keeper_turn turn;

    while ((turn = keeper_ask(keeper, agent_now(), anew)) == KEEPER_WAIT) {
        wait_for_landing(c);
        if (keeper_concerns(keeper))
            return keeper_outcome(keeper, agent_now(), anew);
    }
    if (turn == KEEPER_SERVE)
        return VOUCHSAFE_OK;
    if (turn == KEEPER_HOLD)
        return keeper->held;
    (void)fly_and_land(c, &WISH_TOKEN, NULL);
    return keeper_outcome(keeper, agent_now(), anew);
}

/* What is good for one use or one audience is fetched each time. */
static enum vouchsafe_error fetch(struct vouchsafe_client *c, const struct wish *wish, char *out)
{
    struct keeper *keeper = &c->agent.keeper;
    enum keeper_turn turn;

    while ((turn = keeper_ask(keeper, agent_now(), true)) == KEEPER_WAIT)
        wait_for_landing(c);
    return turn == KEEPER_HOLD ? keeper->held : fly_and_land(c, wish, out);
}

static enum vouchsafe_error fetch_locked(struct vouchsafe_client *c, const struct wish *wish,
                                         char *out)
{
    pthread_mutex_lock(&c->lock);
    enum vouchsafe_error error = fetch(c, wish, out);
    pthread_mutex_unlock(&c->lock);
    return error;
}

enum vouchsafe_error vouchsafe_client_assertion(struct vouchsafe_client *c, const char *audience,
                                                char assertion[VOUCHSAFE_TOKEN_MAX + 1])
{
    const struct wish wish = { VOUCHSAFE_CLIENT_ASSERTION, audience };

    return wish_ok(&wish) ? fetch_locked(c, &wish, assertion) : VOUCHSAFE_BAD_ARGUMENT;
}

enum vouchsafe_error vouchsafe_client_ear(struct vouchsafe_client *c,
                                          char ear[VOUCHSAFE_TOKEN_MAX + 1])
{
    const struct wish wish = { VOUCHSAFE_EAR, NULL };

    return fetch_locked(c, &wish, ear);
}

enum vouchsafe_error vouchsafe_client_attest(struct vouchsafe_client *c)
{
    pthread_mutex_lock(&c->lock);
    enum vouchsafe_error error = ask(c, true);
    pthread_mutex_unlock(&c->lock);
    return error;
}

enum vouchsafe_error vouchsafe_client_token(struct vouchsafe_client *c,
                                            char token[VOUCHSAFE_TOKEN_MAX + 1])
{
    pthread_mutex_lock(&c->lock);
    enum vouchsafe_error error = ask(c, false);
    if (!error)
        memcpy(token, c->agent.keeper.token, sizeof c->agent.keeper.token);
    pthread_mutex_unlock(&c->lock);
    return error;
}

enum vouchsafe_error vouchsafe_client_headers(struct vouchsafe_client *c, const char *audience,
                                              const char *challenge, struct vouchsafe_headers *out)
{
    enum vouchsafe_error error = vouchsafe_client_token(c, out->attestation);

    if (error)
        return error;
    return vouchsafe_core_pop(c->agent.core, audience, challenge, time(NULL), out->pop);
}

enum vouchsafe_error vouchsafe_client_post(struct vouchsafe_client *c, const char *url,
                                           const char *audience, const char *form,
                                           struct vouchsafe_response *out)
{
    struct vouchsafe_headers values;
    struct agent_form request;
    struct http_answer answer;
    enum vouchsafe_error error = vouchsafe_client_headers(c, audience, NULL, &values);

    *out = (struct vouchsafe_response){ .code = 0 };
    if (error)
        return error;
    agent_form_init(&request, &c->agent, url, form, &values);
    error = http_post(&request.post, c->agent.trust, &answer);
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
    *out = keeper_refusal(&c->agent.keeper, agent_now());
    pthread_mutex_unlock(&c->lock);
    out->key_error = vouchsafe_core_key_error(c->agent.core);
}
