/* policy: what a client's configuration lets it ask for, once the gate knows
 * who asks. Pure functions. */
#pragma once
#include "form.h"
#include "refusal.h"
#include "settings.h"

/* RFC 7636 §4.1, §4.2. */
enum { CODE_CHALLENGE_LEN = 32, CODE_VERIFIER_MIN = 43, CODE_VERIFIER_MAX = 128 };
#define GRANT_AUTHORIZATION_CODE "authorization_code"
#define GRANT_REFRESH_TOKEN      "refresh_token"
#define GRANT_DEVICE_CODE        "urn:ietf:params:oauth:grant-type:device_code" /* RFC 8628 §3.4 */

/* The value of a parameter, empty if absent (RFC 6749 §3.1 treats both alike). */
struct slice policy_value(const struct form *form, const char *name);

/* POST /token: grant type, scopes, and for a code its code_verifier. */
struct verdict policy_token(const struct client *client, const struct form *form);

/* POST /device_authorization (RFC 8628 §3.1): a grant that it may use, in scopes that are
 * allowed. */
struct verdict policy_device(const struct client *client, const struct form *form);

/* POST /revoke and /introspect (RFC 7009 §2.1, RFC 7662 §2.1). */
struct verdict policy_names_token(const struct client *client, const struct form *form);

/* POST /par (RFC 9126 §2.1): a code is asked for, with PKCE S256 and parameters
 * that we can read, in scopes and to redirect URIs that are allowed. */
struct verdict policy_pushed(const struct client *client, const struct form *form);
