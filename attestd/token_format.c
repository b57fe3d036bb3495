#include "token_format.h"

#include <stdio.h>

#include "client_assertion.h"
#include "ear.h"
#include "token_sign.h"

/* An assertion is used at once (RFC 7523 §3). */
enum { ASSERTION_LIFETIME = 60, CLAIMS_LEN_MAX = 2048 };

static enum status assertion_claims(const struct token_request *r, struct writer *w)
{
    const struct client_assertion claims = { .client_id = slice_of(r->app->client_id),
                                             .audience = r->audience,
                                             .issued_at = r->now,
                                             .expires_at = r->now + ASSERTION_LIFETIME };

    return client_assertion_encode(&claims, w);
}

static enum status assertion_mint(const struct token_request *r, struct writer *w)
{
    uint8_t text[CLAIMS_LEN_MAX];
    struct writer claims = writer_over(text, sizeof text);
    enum status st = assertion_claims(r, &claims);

    return st ? st : token_sign_secret(r->app, CLIENT_ASSERTION_TYP, writer_slice(&claims), w);
}

static size_t assertion_len(const struct token_request *r)
{
    uint8_t text[CLAIMS_LEN_MAX];
    struct writer claims = writer_over(text, sizeof text);

    if (assertion_claims(r, &claims))
        return SIZE_MAX;
    return token_signed_secret_len(CLIENT_ASSERTION_TYP, claims.len);
}

static const struct {
    bool for_audience;
    int64_t lifetime; /* 0: the app's */
    enum status (*mint)(const struct token_request *r, struct writer *w);
    size_t (*len_max)(const struct token_request *r);
} formats[RESULT_FORMATS] = {
    [RESULT_INTEGRITY_TOKEN] = { false, 0, token_mint, token_len_max },
    [RESULT_CLIENT_ASSERTION] = { true, ASSERTION_LIFETIME, assertion_mint, assertion_len },
    [RESULT_EAR] = { false, 0, ear_mint, ear_len_max },
};

enum status token_format_allowed(enum result_format format, const struct token_request *r)
{
    if (!formats[format].for_audience)
        return ST_OK;
    for (size_t i = 0; i < r->app->audience_count; i++)
        if (slice_is(r->audience, r->app->audiences[i]))
            return ST_OK;
    return ST_DENIED;
}

enum status token_format_mint(enum result_format format, const struct token_request *r,
                              struct writer *w, int64_t *lifetime)
{
    size_t start = w->len;
    enum status st = formats[format].mint(r, w);

    *lifetime = formats[format].lifetime ? formats[format].lifetime : r->app->policy.token_lifetime;
    return !st && w->len - start > INTEGRITY_TOKEN_MAX ? ST_TOO_LARGE : st;
}

/* --- whether they fit --- */

struct fitting {
    struct token_request request;
    char *why;
    size_t why_cap;
};

static enum status fits(const struct fitting *f, enum result_format format)
{
    size_t len = formats[format].len_max(&f->request);

    if (len <= INTEGRITY_TOKEN_MAX)
        return ST_OK;
    snprintf(f->why, f->why_cap,
             "registry: %s: its %s could have %zu bytes, of which %d are allowed: shorten issuer, "
             "name, label \"%s\" or audience",
             f->request.app->client_id, result_format_name(format), len, INTEGRITY_TOKEN_MAX,
             f->request.build->label);
    return ST_TOO_LARGE;
}

static enum status audiences_fit(struct fitting *f)
{
    enum status st = ST_OK;

    for (size_t i = 0; i < f->request.app->audience_count && !st; i++) {
        f->request.audience = slice_of(f->request.app->audiences[i]);
        st = fits(f, RESULT_CLIENT_ASSERTION);
    }
    return st;
}

static enum status app_fits(struct fitting *f)
{
    enum status st = ST_OK;

    for (size_t i = 0; i < f->request.app->build_count && !st; i++) {
        f->request.build = &f->request.app->builds[i];
        st = fits(f, RESULT_INTEGRITY_TOKEN);
        if (!st)
            st = fits(f, RESULT_EAR);
        if (!st && i == 0)
            st = audiences_fit(f);
    }
    return st;
}

enum status token_formats_fit(const struct registry *registry, struct slice issuer, char *why,
                              size_t why_cap)
{
    /* The longest of everything that is not the registry's: the sort of key, numbers, words. */
    static const struct public_key key = { .type = KEY_P256 };
    static const struct appraisal found = { .state = BUILD_DEPRECATED,
                                            .claim_count = 2,
                                            .claims = { { PROBE_MEMORY, "", CLAIM_DIFFERS, "" },
                                                        { PROBE_FILE, "", CLAIM_DIFFERS, "" } } };
    struct fitting f = { .request = { .issuer = issuer,
                                      .instance_key = &key,
                                      .streak = { 1000000000, 0.5 },
                                      .found = &found,
                                      .now = 9999999999 },
                         .why = why,
                         .why_cap = why_cap };
    enum status st = ST_OK;

    for (size_t i = 0; i < registry_count(registry) && !st; i++) {
        f.request.app = registry_app_at(registry, i);
        st = app_fits(&f);
    }
    return st;
}
