#include "client_auth.h"

#include <string.h>

#include "base64url.h"
#include "client_assertion.h"
#include "form.h"
#include "msg_challenge.h"
#include "signing_keys.h"

enum {
    ESCAPED = 3, /* %XX */
    CREDENTIALS_MAX = ESCAPED * (CLIENT_ID_MAX + SECRET_LEN_MAX) + 1,
    CLAIMS_MAX = 2 * (2 * CLIENT_ID_MAX + ASSERTION_AUDIENCE_MAX) + 256,
    ASSERTION_MAX = BASE64URL_LEN(CLAIMS_MAX) + 1024 /* header and signature */
};
_Static_assert(ASSERTION_MAX + 256 <= CLIENT_AUTH_FORM_MAX, "an assertion needs no escapes");

/* Standard base64 with padding (RFC 7617 §2), made from the other alphabet. */
static void write_base64(struct writer *w, struct slice bytes)
{
    size_t start = w->len;

    base64url_write(w, bytes);
    if (w->full)
        return;
    for (size_t i = start; i < w->len; i++)
        if (w->data[i] == '-' || w->data[i] == '_')
            w->data[i] = w->data[i] == '-' ? '+' : '/';
    while ((w->len - start) % 4)
        writer_byte(w, '=');
}

static enum status apply_basic(const struct client_auth_call *call, struct writer *form,
                               struct writer *authorization)
{
    uint8_t bytes[CREDENTIALS_MAX];
    struct writer w = writer_over(bytes, sizeof bytes);

    (void)form;
    form_escape(&w, slice_of(call->client->id));
    writer_byte(&w, ':');
    form_escape(&w, keyring_current_secret(call->client->keyring));
    writer_text(authorization, "Basic ");
    write_base64(authorization, writer_slice(&w));
    secret_wipe(bytes, sizeof bytes);
    return w.full || authorization->full ? ST_TOO_LARGE : ST_OK;
}

/* client_id is in the form already: the gate has looked at it. */
static enum status apply_post(const struct client_auth_call *call, struct writer *form,
                              struct writer *authorization)
{
    (void)authorization;
    form_append(form, "client_secret", keyring_current_secret(call->client->keyring));
    return form->full ? ST_TOO_LARGE : ST_OK;
}

/* --- assertions (RFC 7523 §3) --- */

static struct slice issuer_of(const struct client_auth_call *call)
{
    return call->issuer;
}

static struct slice token_endpoint_of(const struct client_auth_call *call)
{
    return call->token_endpoint;
}

static struct slice url_of(const struct client_auth_call *call)
{
    return call->url;
}

static const struct {
    const char *word;
    struct slice (*audience)(const struct client_auth_call *call);
} audiences[] = {
    { "issuer", issuer_of },
    { "token_endpoint", token_endpoint_of },
    { "called", url_of },
};

enum { AUDIENCES = sizeof audiences / sizeof *audiences };

/* Any other text is a URI, so that a word with a slip of the pen is none. */
bool assertion_audience_ok(const char *text)
{
    for (size_t i = 0; i < AUDIENCES; i++)
        if (strcmp(audiences[i].word, text) == 0)
            return true;
    return strchr(text, ':') && strlen(text) <= ASSERTION_AUDIENCE_MAX;
}

static struct slice audience_of(const struct client_auth_call *call)
{
    for (size_t i = 0; i < AUDIENCES; i++)
        if (strcmp(audiences[i].word, call->client->assertion_audience) == 0)
            return audiences[i].audience(call);
    return slice_of(call->client->assertion_audience);
}

static enum status write_claims(const struct client_auth_call *call, struct writer *w)
{
    const struct client_assertion claims = { .client_id = slice_of(call->client->id),
                                             .audience = audience_of(call),
                                             .issued_at = call->now,
                                             .expires_at =
                                                 call->now + call->client->assertion_lifetime };

    return claims.audience.len ? client_assertion_encode(&claims, w) : ST_NOT_FOUND;
}

static enum status append_assertion(struct writer *form, const struct writer *assertion)
{
    form_append(form, "client_assertion_type", SLICE_LIT(CLIENT_ASSERTION_TYPE));
    form_append(form, "client_assertion", writer_slice(assertion));
    return form->full ? ST_TOO_LARGE : ST_OK;
}

static enum status apply_secret_jwt(const struct client_auth_call *call, struct writer *form,
                                    struct writer *authorization)
{
    const struct jwt_header header = { .alg = JWT_HS256, .typ = CLIENT_ASSERTION_TYP };
    uint8_t claims[CLAIMS_MAX], text[ASSERTION_MAX];
    struct writer c = writer_over(claims, sizeof claims), w = writer_over(text, sizeof text);
    enum status st = write_claims(call, &c);

    (void)authorization;
    if (!st)
        st = jwt_sign_hs256(&header, writer_slice(&c),
                            keyring_current_secret(call->client->keyring), &w);
    if (!st)
        st = append_assertion(form, &w);
    secret_wipe(text, sizeof text); /* as good as the secret for as long as it lives */
    return st;
}

static enum status apply_key_jwt(const struct client_auth_call *call, struct writer *form,
                                 struct writer *authorization)
{
    struct signing_keys *key = call->client->key;
    const struct jwt_header header = { .alg = signing_keys_alg(key),
                                       .typ = CLIENT_ASSERTION_TYP,
                                       .kid = signing_keys_kid(key) };
    uint8_t claims[CLAIMS_MAX], text[ASSERTION_MAX];
    struct writer c = writer_over(claims, sizeof claims), w = writer_over(text, sizeof text);
    enum status st = write_claims(call, &c);

    (void)authorization;
    if (!st)
        st = jwt_sign_with(&header, writer_slice(&c), signing_keys_sign, key, &w);
    if (!st)
        st = append_assertion(form, &w);
    secret_wipe(text, sizeof text);
    return st;
}

static enum status apply_none(const struct client_auth_call *call, struct writer *form,
                              struct writer *authorization)
{
    (void)call, (void)form, (void)authorization;
    return ST_OK;
}

static const struct client_auth_method methods[] = {
    { "client_secret_basic", false, true, apply_basic },
    { "client_secret_post", false, true, apply_post },
    { "client_secret_jwt", false, true, apply_secret_jwt },
    { "private_key_jwt", true, false, apply_key_jwt },
    { "none", false, false, apply_none },
};

const struct client_auth_method *client_auth_find(const char *name)
{
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
        if (strcmp(methods[i].name, name) == 0)
            return &methods[i];
    return NULL;
}
