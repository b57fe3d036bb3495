#include "admission.h"

#include "daemon_metrics.h"
#include "http_error.h"
#include "rate_limit.h"

enum { SECONDS_MAX_LEN = 12 };

static const struct http_refusal too_many = { 429, "temporarily_unavailable",
                                              "Too many requests. Try again later." };

/* Whoever floods us must not flood the log. */
static void log_bounded(struct http_exchange *ex, struct worker *w, const char *by,
                        struct slice client_id)
{
    uint64_t held_back;
    struct log_line line;

    if (!rate_limit_may_log(w->rates, &held_back))
        return;
    log_begin(&line, w->log, LOG_WARN, "rate limited");
    log_word(&line, "by", by);
    log_text(&line, "path", http_request_head(ex)->path);
    if (client_id.len)
        log_text(&line, "client_id", client_id);
    log_text(&line, "peer", http_peer_text(ex));
    log_text(&line, "request_id", http_request_id(ex));
    log_int(&line, "more", (int64_t)held_back); /* since the last line like this */
    log_end(&line);
}

static void answer(struct http_exchange *ex, uint32_t wait_ms)
{
    char seconds[SECONDS_MAX_LEN];
    struct writer w = writer_over(seconds, sizeof seconds);

    writer_decimal(&w, (wait_ms + 999) / 1000);
    const struct http_header_field retry = { "Retry-After", writer_slice(&w) };
    http_refuse_with(ex, &too_many, NULL, &retry, 1);
}

static void refuse(struct http_exchange *ex, struct worker *w, enum limited_by by,
                   struct slice client_id, uint32_t wait_ms)
{
    meter_add(w->meter, METRIC_RATE_LIMITED, METRIC_AT(by), 1);
    log_bounded(ex, w, LIMITED_WORDS[by], client_id);
    answer(ex, wait_ms);
}

bool admission_address(struct http_exchange *ex, struct worker *w)
{
    uint32_t wait = w->rates ? rate_limit_take_address(w->rates, http_peer_text(ex)) : 0;

    if (!wait)
        return true;
    refuse(ex, w, LIMITED_ADDRESS, (struct slice){ NULL, 0 }, wait);
    return false;
}

bool admission_client(struct http_exchange *ex, struct worker *w, struct slice client_id)
{
    uint32_t wait = w->rates ? rate_limit_take(w->rates, RATE_CLIENT, client_id) : 0;

    if (!wait)
        return true;
    refuse(ex, w, client_id.len ? LIMITED_CLIENT : LIMITED_UNKNOWN_CLIENT, client_id, wait);
    return false;
}
