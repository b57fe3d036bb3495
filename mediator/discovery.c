#include "discovery.h"

#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "mediator_metrics.h"
#include "well_known.h"

/* What one answer amounts to; replaced whole. */
struct known {
    cJSON *document;
    struct remote endpoints[ENDPOINT_COUNT];
};

struct discovery {
    struct discovery_options o;
    struct upstream *upstream;
    struct known *known; /* NULL until the first answer */
    uint64_t fetch_at;   /* steady ms: not before */
    uint64_t known_at;   /* steady ms: of the last good answer */
    uint32_t retry;      /* seconds that the last failure held us off; 0 after a success */
    uint64_t asked_us;
    bool fetching;
    size_t place;           /* the one that is being asked */
    struct remote metadata; /* its URL */
    struct event *wake;     /* calls the waiters */
    enum status outcome;    /* for them, while nothing is known */
    bool closing;
    struct discovery_wait *waiting;
};

/* --- what an answer says --- */

static void known_free(struct known *k)
{
    if (!k)
        return;
    cJSON_Delete(k->document);
    free(k);
}

/* Without these, everything else still works. */
static bool may_lack(size_t id)
{
    return id == ENDPOINT_DEVICE || id == ENDPOINT_REVOCATION || id == ENDPOINT_INTROSPECTION;
}

static void log_left_out(struct discovery *d, size_t id, enum status st)
{
    struct log_line line;

    log_begin(&line, d->o.log, LOG_WARN, "endpoint left out");
    log_word(&line, "upstream", d->o.settings->name);
    log_word(&line, "endpoint", ENDPOINT_NAMES[id]);
    log_word(&line, "status", status_name(st));
    log_end(&line);
}

static enum status read_endpoint(struct discovery *d, const cJSON *document, size_t id,
                                 struct remote *out)
{
    const char *by_hand = d->o.settings->endpoints[id];
    struct slice url;

    if (by_hand)
        return upstream_remote(d->upstream, slice_of(by_hand), out);
    enum status st = json_get_text(document, ENDPOINT_NAMES[id], UPSTREAM_URL_MAX, &url);
    if (st == ST_NOT_FOUND)
        return ST_OK;
    if (!st)
        st = upstream_remote(d->upstream, url, out);
    if (!st || st == ST_NO_MEMORY || !may_lack(id))
        return st;
    out->url[0] = '\0';
    log_left_out(d, id, st);
    return ST_OK;
}

/* Takes the document. */
static enum status make_known(struct discovery *d, cJSON *document, struct known **out)
{
    struct known *k = calloc(1, sizeof *k);
    enum status st = k ? ST_OK : ST_NO_MEMORY;

    for (size_t i = 0; i < ENDPOINT_COUNT && !st; i++)
        st = read_endpoint(d, document, i, &k->endpoints[i]);
    if (st) {
        cJSON_Delete(document);
        free(k);
        return st;
    }
    k->document = document;
    *out = k;
    return ST_OK;
}

/* Another issuer's metadata would send our secrets to its endpoints: RFC 8414
 * §3.3 demands the very same text. */
static enum status read_document(struct discovery *d, struct slice body, struct known **out)
{
    struct slice issuer;
    cJSON *document;
    enum status st = json_parse_object(body, &JSON_MESSAGE_LIMITS, &document);

    if (st)
        return st;
    if (json_get_text(document, "issuer", UPSTREAM_URL_MAX, &issuer) ||
        !slice_is(issuer, d->o.settings->issuer)) {
        cJSON_Delete(document);
        return ST_DENIED;
    }
    return make_known(d, document, out);
}

/* --- fetching --- */

/* Twice as long as the last time, within bounds. */
static uint32_t hold_off(const struct discovery *d)
{
    const struct upstream_settings *s = d->o.settings;

    if (d->retry == 0)
        return s->retry;
    return d->retry > s->retry_max / 2 ? s->retry_max : 2 * d->retry;
}

static void log_outcome(struct discovery *d, enum status outcome, uint64_t now)
{
    struct log_line line;

    if (!outcome)
        return;
    log_begin(&line, d->o.log, LOG_WARN, d->known ? "metadata kept" : "no metadata");
    log_word(&line, "upstream", d->o.settings->name);
    if (d->known)
        log_int(&line, "age_s", (int64_t)((now - d->known_at) / 1000));
    log_int(&line, "retry_s", d->retry);
    log_end(&line);
}

/* What was known stays in force until something better is. */
static void finish(struct discovery *d, enum status outcome)
{
    uint64_t now = clock_steady(d->o.clock);

    d->fetching = false;
    d->outcome = outcome;
    d->retry = outcome ? hold_off(d) : 0;
    d->known_at = outcome ? d->known_at : now;
    d->fetch_at = now + 1000 * (uint64_t)(outcome ? d->retry : d->o.settings->refresh);
    log_outcome(d, outcome, now);
    event_active(d->wake, EV_TIMEOUT, 0);
}

static void log_failure(struct discovery *d, enum status st, unsigned code)
{
    struct log_line line;

    log_begin(&line, d->o.log, LOG_WARN, "metadata refused");
    log_word(&line, "upstream", d->o.settings->name);
    log_word(&line, "url", d->metadata.url);
    log_word(&line, "status", status_name(st));
    log_int(&line, "code", code);
    log_end(&line);
}

static bool has_word(const cJSON *list, const char *word)
{
    const cJSON *item;

    cJSON_ArrayForEach(item, list) if (cJSON_IsString(item) &&
                                       strcmp(item->valuestring, word) == 0) return true;
    return false;
}

/* Binding a code to an instance rests on upstream's PKCE as well: see binding.h. */
static void warn_without_pkce(struct discovery *d)
{
    const cJSON *methods =
        cJSON_GetObjectItemCaseSensitive(d->known->document, "code_challenge_methods_supported");

    if (discovery_endpoint(d, ENDPOINT_AUTHORIZATION) && !has_word(methods, "S256"))
        log_note(d->o.log, LOG_WARN, "upstream announces no PKCE S256", "upstream",
                 d->o.settings->name);
}

static void ask_next(struct discovery *d);

static void answered(void *arg, enum status st, const struct http_response *response)
{
    struct discovery *d = arg;
    struct known *k = NULL;
    unsigned code = st ? 0 : response->head->code;

    if (d->closing)
        return;
    count_upstream(d->o.meter, ENDPOINT_COUNT, st, code, clock_micros() - d->asked_us);
    if (!st)
        st = code == 200 ? read_document(d, response->body, &k) : ST_NOT_FOUND;
    if (st) {
        log_failure(d, st, code);
        d->place++;
        ask_next(d);
        return;
    }
    known_free(d->known);
    d->known = k;
    log_note(d->o.log, LOG_INFO, "metadata", "url", d->metadata.url);
    warn_without_pkce(d);
    finish(d, ST_OK);
}

static enum status send_ask(struct discovery *d)
{
    static const struct http1_header headers[] = {
        { SLICE_LIT("Accept"), SLICE_LIT("application/json") },
    };
    char url[UPSTREAM_URL_MAX + 1];
    struct writer w = writer_over(url, sizeof url);
    enum status st = well_known_url(d->o.settings, d->place, &w);

    if (!st)
        st = upstream_remote(d->upstream, writer_slice(&w), &d->metadata);
    if (st)
        return st;
    const struct http_call call = { .method = "GET",
                                    .target = d->metadata.target,
                                    .headers = headers,
                                    .header_count = 1,
                                    .idempotent = true };
    d->asked_us = clock_micros();
    http_client_send(d->metadata.client, &call, answered, d);
    return ST_OK;
}

static void ask_next(struct discovery *d)
{
    for (; d->place < well_known_count(d->o.settings); d->place++)
        if (send_ask(d) == ST_OK)
            return;
    finish(d, ST_UNAVAILABLE);
}

static void fetch_if_due(struct discovery *d)
{
    if (d->fetching || !d->o.settings->discovery || clock_steady(d->o.clock) < d->fetch_at)
        return;
    d->fetching = true;
    d->place = 0;
    ask_next(d);
}

/* --- waiters --- */

static void call_waiters(evutil_socket_t fd, short what, void *arg)
{
    struct discovery *d = arg;
    struct discovery_wait *w = d->waiting;
    enum status st = d->known ? ST_OK : d->outcome;

    (void)fd, (void)what;
    if (!d->known && d->fetching)
        return;
    d->waiting = NULL;
    while (w) {
        struct discovery_wait *next = w->next;
        w->done(w->arg, st);
        w = next;
    }
}

void discovery_await(struct discovery *d, struct discovery_wait *w, discovery_fn *done, void *arg)
{
    *w = (struct discovery_wait){ d->waiting, done, arg };
    d->waiting = w;
    fetch_if_due(d);
    if (d->known || !d->fetching)
        event_active(d->wake, EV_TIMEOUT, 0);
}

/* --- life --- */

static enum status prepare(struct discovery *d)
{
    cJSON *empty;
    enum status st = upstream_new(d->o.base, d->o.settings, d->o.log, &d->upstream);

    if (st)
        return st;
    d->wake = event_new(d->o.base, -1, 0, call_waiters, d);
    if (!d->wake)
        return ST_NO_MEMORY;
    if (d->o.settings->discovery)
        return ST_OK;
    empty = cJSON_CreateObject();
    return empty ? make_known(d, empty, &d->known) : ST_NO_MEMORY;
}

enum status discovery_new(const struct discovery_options *options, struct discovery **out)
{
    struct discovery *d = calloc(1, sizeof *d);
    enum status st;

    if (!d)
        return ST_NO_MEMORY;
    d->o = *options;
    st = prepare(d);
    if (st)
        discovery_free(d);
    else
        *out = d;
    return st;
}

void discovery_free(struct discovery *d)
{
    if (!d)
        return;
    if (d->wake)
        event_free(d->wake);
    d->closing = true;
    upstream_free(d->upstream);
    known_free(d->known);
    free(d);
}

const struct remote *discovery_endpoint(const struct discovery *d, enum endpoint_id id)
{
    const struct remote *r = &d->known->endpoints[id];
    return r->url[0] ? r : NULL;
}

const cJSON *discovery_document(const struct discovery *d)
{
    return d->known->document;
}
