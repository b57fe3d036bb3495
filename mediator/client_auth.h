/* client_auth: the client authentication that an authorization server wants,
 * put on a request (RFC 6749 §2.3.1). */
#pragma once
#include "settings.h"

/* What the longest id and secret can amount to, every byte escaped. */
enum { CLIENT_AUTH_FORM_MAX = 1600, CLIENT_AUTH_HEADER_MAX = 2624 };

/* A new method is one function and one row. */
struct client_auth_method {
    const char *name; /* of token_endpoint_auth_method (RFC 7591 §2) */
    /* Appends to the form, or writes the value of Authorization: one of them,
     * or neither. Their `full` tells overflow. */
    void (*apply)(const struct client *client, struct writer *form, struct writer *authorization);
};

/* NULL if there is none of that name. */
const struct client_auth_method *client_auth_find(const char *name);
