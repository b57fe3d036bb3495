/* client_auth: the client authentication that an authorization server wants, put on a request
 * (RFC 6749 §2.3.1, RFC 7523 §2.2, OpenID Connect Core 1.0 §9). */
#pragma once
#include "settings.h"

/* What the longest id, secret and assertion can amount to, every byte escaped. */
enum { CLIENT_AUTH_FORM_MAX = 6144, CLIENT_AUTH_HEADER_MAX = 2624 };

/* For whom, and where to. */
struct client_auth_call {
    const struct client *client;
    struct slice issuer;         /* of upstream */
    struct slice token_endpoint; /* its URL, or empty */
    struct slice url;            /* that is about to be called */
    int64_t now;
};

/* A new method is one function and one row. */
struct client_auth_method {
    const char *name;  /* of token_endpoint_auth_method (RFC 7591 §2) */
    bool needs_key;    /* of the client's own */
    bool needs_secret; /* the one that it shares with the server */
    /* Appends to the form, or writes the value of Authorization: one of them, or neither.
     * ST_TOO_LARGE, ST_NOT_FOUND if an assertion has no audience, or as crypto_sign. */
    enum status (*apply)(const struct client_auth_call *call, struct writer *form,
                         struct writer *authorization);
};

/* NULL if there is none of that name. */
const struct client_auth_method *client_auth_find(const char *name);

/* Whom assertions are made for: servers differ. A word, or else the very text. */
bool assertion_audience_ok(const char *text);
