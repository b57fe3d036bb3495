/* login: the authorization code grant with PKCE through a mediator: pushed
 * request (RFC 9126), browser, code for tokens (RFC 6749 §4.1, RFC 7636). */
#pragma once
#include "vouchsafe/grant.h"

struct login_settings {
    const char *mediator; /* its issuer URL */
    const char *client_id;
    const char *redirect_uri;
    const char *scope;
    const struct vouchsafe_grant_wish *wish; /* a grant on a device, or NULL */
};

enum { LOGIN_TOKEN_MAX = 4096, LOGIN_URL_MAX = 2048 };

struct login {
    struct vouchsafe_client *client;
    struct login_settings settings;
    char verifier[44]; /* of the login under way; "" if there is none */
    char state[44];
    char access_token[LOGIN_TOKEN_MAX];
    char refresh_token[LOGIN_TOKEN_MAX];
    struct vouchsafe_grant *grant; /* NULL, or what came with the tokens last */
};

/* How a step went: 0, or -1 with a line for the person. */
struct login_result {
    char line[LOGIN_URL_MAX];
};

/* Pushes the request; the line is the URL to open in a browser. */
int login_begin(struct login *l, struct login_result *out);
/* Takes the URL that the browser came back with and gets the tokens. */
int login_finish(struct login *l, const char *redirected, struct login_result *out);
int login_refresh(struct login *l, struct login_result *out);

/* Frees the grant. */
void login_end(struct login *l);
