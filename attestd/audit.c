#include "audit.h"

#include "base64url.h"

enum { RANDOM_LEN = 16, PER_WHOLE = 10000 };

struct error_id error_id_draw(void)
{
    struct error_id id;
    uint8_t random[RANDOM_LEN];

    _Static_assert(BASE64URL_LEN(RANDOM_LEN) == ERROR_ID_LEN, "128 bits");
    crypto_random(random, sizeof random);
    base64url_encode(id.text, (struct slice){ random, sizeof random });
    return id;
}

static void log_thumbprint(struct log_line *line, const struct digest *jkt)
{
    char text[BASE64URL_LEN(SHA256_LEN) + 1];

    base64url_encode(text, (struct slice){ jkt->bytes, sizeof jkt->bytes });
    log_word(line, "jkt", text);
}

static void log_build(struct log_line *line, const struct build *build)
{
    struct build_id_text id = build_id_text(&build->id);

    log_word(line, "build", id.text);
    log_word(line, "version", build->label);
}

static void begin(struct log_line *line, struct log *log, const struct audit *a,
                  const char *verdict)
{
    log_begin(line, log, LOG_INFO, "attestation");
    log_word(line, "verdict", verdict);
    log_text(line, "request_id", a->request_id);
    log_text(line, "peer", a->peer);
    if (a->client_id.len)
        log_text(line, "client_id", a->client_id);
    if (a->build)
        log_build(line, a->build);
    if (a->format)
        log_word(line, "format", a->format);
    if (a->jkt)
        log_thumbprint(line, a->jkt);
}

void audit_accepted(struct log *log, const struct audit *a, const char *reasons)
{
    struct log_line line;

    begin(&line, log, a, "accepted");
    if (a->streak) {
        log_int(&line, "streak", a->streak->count);
        log_int(&line, "coverage_per_10000", (int64_t)((1 - a->streak->miss) * PER_WHOLE));
    }
    if (reasons[0])
        log_word(&line, "reasons", reasons);
    log_end(&line);
}

void audit_refused(struct log *log, const struct audit *a, const struct error_id *id,
                   const char *reasons)
{
    struct log_line line;

    begin(&line, log, a, "refused");
    log_word(&line, "error_id", id->text);
    log_word(&line, "reasons", reasons);
    log_end(&line);
}
