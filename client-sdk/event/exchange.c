#include "exchange.h"

#include <event2/event.h>
#include <event2/util.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum phase { CONNECTING, SECURING, SENDING, READING, PHASE_COUNT };

struct exchange {
    const struct exchange_env *env;
    exchange_fn *done;
    void *arg;
    char *url_text; /* what url borrows from */
    struct url url;
    bool attestd;
    size_t answer_max;

    struct question *question;        /* open, or NULL */
    struct evutil_addrinfo *found;    /* all addresses, or NULL */
    const struct evutil_addrinfo *at; /* the one being tried; NULL: none yet */
    struct event *event;              /* what is waited for; also every deadline */
    /* Of monotonic time, in ms. */
    int64_t address_deadline, connect_deadline, total_deadline;

    struct channel channel;
    enum phase phase;
    enum vouchsafe_error error; /* why a phase failed, if for another reason than the peer */
    struct http_request request;
    struct slice unsent;
    struct http_reading reading;
};

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void exchange_cancel(struct exchange *x)
{
    if (!x)
        return;
    names_cancel(x->question);
    if (x->event)
        event_free(x->event);
    if (x->found)
        evutil_freeaddrinfo(x->found);
    channel_close(&x->channel);
    http_request_clear(&x->request);
    http_reading_clear(&x->reading);
    free(x->url_text);
    free(x);
}

static void finish(struct exchange *x, enum vouchsafe_error error)
{
    struct http_answer answer = { .code = 0 };
    exchange_fn *done = x->done;
    void *arg = x->arg;

    if (!error)
        error = http_reading_answer(&x->reading, time(NULL), &answer);
    if (!error)
        answer.chain = x->channel.chain;
    exchange_cancel(x);
    done(arg, error, &answer);
}

static void on_event(evutil_socket_t fd, short what, void *arg);

/* Waits for the socket (what: EV_READ or EV_WRITE) or for time alone (0); false if that is not
 * possible, and the exchange is over. */
static bool wait_for(struct exchange *x, short what, int64_t deadline)
{
    int64_t left = deadline - now_ms();
    const struct timeval until = { .tv_sec = left > 0 ? left / 1000 : 0,
                                   .tv_usec = left > 0 ? left % 1000 * 1000 : 0 };

    if (x->event)
        event_free(x->event);
    x->event = event_new(x->env->base, what ? x->channel.fd : -1, what, on_event, x);
    if (x->event && event_add(x->event, &until) == 0)
        return true;
    finish(x, VOUCHSAFE_NO_MEMORY);
    return false;
}

static enum channel_progress fail(struct exchange *x, enum vouchsafe_error error)
{
    x->error = error;
    return CHANNEL_FAILED;
}

static enum channel_progress connecting(struct exchange *x)
{
    enum channel_progress progress = channel_connected(&x->channel);

    if (progress == CHANNEL_DONE && x->url.tls &&
        channel_secure(&x->channel, x->env->trust, x->url.host))
        return fail(x, VOUCHSAFE_NO_MEMORY);
    return progress;
}

static enum channel_progress securing(struct exchange *x)
{
    return x->url.tls ? channel_handshake(&x->channel, x->env->trust, x->attestd) : CHANNEL_DONE;
}

static enum channel_progress sending(struct exchange *x)
{
    enum channel_progress progress = CHANNEL_DONE;

    while (x->unsent.len && progress == CHANNEL_DONE)
        progress = channel_write(&x->channel, &x->unsent);
    return progress;
}

static enum channel_progress read_some(struct exchange *x)
{
    uint8_t *at;
    size_t cap, n;
    enum vouchsafe_error error = http_reading_room(&x->reading, &at, &cap);

    if (error)
        return fail(x, error);
    enum channel_progress progress = channel_read(&x->channel, at, cap, &n);
    if (progress != CHANNEL_DONE)
        return progress;
    error = http_reading_take(&x->reading, n);
    return error ? fail(x, error) : CHANNEL_DONE;
}

static enum channel_progress reading(struct exchange *x)
{
    enum channel_progress progress = CHANNEL_DONE;

    while (!x->reading.done && progress == CHANNEL_DONE)
        progress = read_some(x);
    return progress;
}

static int64_t deadline_of(const struct exchange *x)
{
    if (x->phase == CONNECTING)
        return x->address_deadline;
    return x->phase == SECURING ? x->connect_deadline : x->total_deadline;
}

static void try_address(struct exchange *x);

/* There may be another address, as long as none has answered. */
static void phase_failed(struct exchange *x, enum vouchsafe_error error)
{
    if (x->phase == CONNECTING && !x->error && x->at && x->at->ai_next) {
        x->at = x->at->ai_next;
        try_address(x);
        return;
    }
    finish(x, x->error ? x->error : error);
}

static void go_on(struct exchange *x)
{
    static enum channel_progress (*const phases[PHASE_COUNT])(struct exchange *) = {
        [CONNECTING] = connecting, [SECURING] = securing, [SENDING] = sending, [READING] = reading
    };
    enum channel_progress progress = CHANNEL_DONE;

    while (x->phase < PHASE_COUNT) {
        progress = phases[x->phase](x);
        if (progress != CHANNEL_DONE)
            break;
        x->phase++;
    }
    if (progress == CHANNEL_DONE)
        finish(x, VOUCHSAFE_OK);
    else if (progress == CHANNEL_FAILED)
        phase_failed(x, VOUCHSAFE_UNREACHABLE);
    else
        wait_for(x, progress == CHANNEL_WANTS_READ ? EV_READ : EV_WRITE, deadline_of(x));
}

/* An address that swallows everything takes no more than its share of the time. */
static void try_address(struct exchange *x)
{
    int64_t now = now_ms(), addresses = 0;

    for (const struct evutil_addrinfo *a = x->at; a; a = a->ai_next)
        addresses++;
    x->address_deadline = now + (x->connect_deadline - now) / addresses;
    channel_close(&x->channel);
    switch (channel_connect(&x->channel, x->at->ai_addr, (socklen_t)x->at->ai_addrlen)) {
    case CHANNEL_DONE:
        go_on(x);
        break;
    case CHANNEL_FAILED:
        phase_failed(x, VOUCHSAFE_UNREACHABLE);
        break;
    default:
        wait_for(x, EV_WRITE, x->address_deadline);
        break;
    }
}

/* Goes on in a callback of its own: evdns may not be freed in this one, and the app may free all.
 */
static void on_found(void *arg, struct evutil_addrinfo *found)
{
    struct exchange *x = arg;

    x->question = NULL;
    x->found = found;
    event_active(x->event, EV_WRITE, 0);
}

static void resolve(struct exchange *x)
{
    if (wait_for(x, 0, x->connect_deadline))
        x->question = names_ask(x->env->names, &x->url, on_found, x);
}

static void use_addresses(struct exchange *x)
{
    x->at = x->found;
    if (x->at)
        try_address(x);
    else
        finish(x, VOUCHSAFE_UNREACHABLE);
}

static void on_event(evutil_socket_t fd, short what, void *arg)
{
    struct exchange *x = arg;

    (void)fd;
    if (what & EV_TIMEOUT)
        phase_failed(x, VOUCHSAFE_TIMEOUT);
    else if (x->at)
        go_on(x);
    else
        use_addresses(x);
}

static void on_start(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    resolve(arg);
}

static enum vouchsafe_error prepare(struct exchange *x, const struct http_post *post)
{
    static const struct timeval at_once = { 0, 0 };

    x->url_text = strdup(post->url ? post->url : "");
    if (!x->url_text)
        return VOUCHSAFE_NO_MEMORY;
    if (url_read(slice_of(x->url_text), &x->url))
        return VOUCHSAFE_BAD_ARGUMENT;
    enum vouchsafe_error error = http_request_make(post, &x->url, &x->request);
    if (error)
        return error;
    x->unsent = x->request.text;
    http_reading_init(&x->reading, post->answer_max);
    x->event = event_new(x->env->base, -1, 0, on_start, x);
    return x->event && event_add(x->event, &at_once) == 0 ? VOUCHSAFE_OK : VOUCHSAFE_NO_MEMORY;
}

enum vouchsafe_error exchange_start(const struct exchange_env *env, const struct http_post *post,
                                    exchange_fn *done, void *arg, struct exchange **out)
{
    struct exchange *x = calloc(1, sizeof *x);
    int64_t now = now_ms();

    if (!x)
        return VOUCHSAFE_NO_MEMORY;
    x->env = env;
    x->done = done;
    x->arg = arg;
    x->attestd = post->attestd;
    x->connect_deadline = now + post->connect_ms;
    x->total_deadline = now + post->total_ms;
    x->channel.fd = -1;
    enum vouchsafe_error error = prepare(x, post);
    if (error)
        exchange_cancel(x);
    else
        *out = x;
    return error;
}
