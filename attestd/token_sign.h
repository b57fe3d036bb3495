/* token_sign: under which key an app's tokens are signed, and checked when they come back. */
#pragma once
#include "jwt_verify.h"
#include "registry.h"

/* Seconds that clocks may differ by. */
enum { TOKEN_SKEW = 30 };

/* Appends a compact JWT under the app's own algorithm. Of EAR and integrity token. */
enum status token_sign(const struct app *app, const char *typ, struct slice claims,
                       struct writer *w) MUST_USE;
/* The same always under the client secret, and without a kid: for a server that knows one secret
 * and would look in vain for one of that name. */
enum status token_sign_secret(const struct app *app, const char *typ, struct slice claims,
                              struct writer *w) MUST_USE;

/* How long the JWTs of the two would be with claims of that many bytes. */
size_t token_signed_len(const struct app *app, const char *typ, size_t claims_len);
size_t token_signed_secret_len(const char *typ, size_t claims_len);

/* What a token of this typ and app must be to hold at `now`. */
struct jwt_rules token_rules(const struct app *app, const char *typ, int64_t now);

/* A jwt_key_fn for them: the key of the header's kid, if it may still verify. */
struct token_lookup {
    const struct app *app;
    int64_t now;
};
bool token_lookup_fn(void *arg, struct slice kid, const struct public_key *header_jwk, unsigned i,
                     struct jwt_key *out);
/* One for what token_sign_secret made: arg is a struct app, of which any secret will do. */
bool token_secret_fn(void *arg, struct slice kid, const struct public_key *header_jwk, unsigned i,
                     struct jwt_key *out);
