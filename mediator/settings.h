/* settings: a mediator's configuration, validated whole and immutable. */
#pragma once
#include "config.h"
#include "keyring.h"
#include "words.h"

/* Endpoints of an authorization server that the mediator uses. */
enum endpoint_id {
    ENDPOINT_AUTHORIZATION,
    ENDPOINT_TOKEN,
    ENDPOINT_PAR,
    ENDPOINT_DEVICE,
    ENDPOINT_REVOCATION,
    ENDPOINT_INTROSPECTION,
    ENDPOINT_COUNT
};
/* Their names, as configuration keys and as metadata members (RFC 8414 §2, RFC 9126 §5, RFC 8628
 * §4). */
extern const char *const ENDPOINT_NAMES[ENDPOINT_COUNT];

enum { UPSTREAM_PREFIX_MAX = 128 };
struct upstream_settings {
    char *name;
    char *prefix; /* of our paths for it: "" or "/segment", and more segments */
    char *front;  /* our issuer and prefix: what its clients know it by, the audience of proofs */
    char *issuer;
    bool discovery;
    bool allow_http;                 /* to hosts other than this one; otherwise https only */
    bool forward_dpop;               /* proofs made for our URL go on to upstream */
    bool judges_devices;             /* it says who may have a grant for which device */
    bool forwarded;                  /* tell upstream our host in X-Forwarded-Host and -Proto */
    char *metadata_url;              /* or NULL: the well-known places below the issuer */
    uint32_t refresh;                /* seconds until metadata is fetched again */
    uint32_t retry;                  /* after a failure, doubled with each more ... */
    uint32_t retry_max;              /* up to this */
    char *endpoints[ENDPOINT_COUNT]; /* by hand, or NULL */
    struct http_client_limits limits;
    struct tls_settings *tls;
};

/* What an integrity token must say beyond being right. */
struct demands {
    double min_coverage;
    uint32_t min_streak;
    uint32_t max_age; /* seconds since attestation; 0: until the token expires */
};

struct scope_rule {
    char *scope;
    struct demands demands; /* beside the client's */
};

enum { ASSERTION_AUDIENCE_MAX = 1024 };

/* One OAuth client, as its owner configured it. */
struct client {
    char *id;
    size_t upstream;                /* index into settings->upstreams */
    struct keyring *keyring;        /* NULL if neither tokens nor the server need a secret */
    enum jwt_alg token_alg;         /* of integrity tokens */
    struct public_keys *token_keys; /* for it; NULL for HS256 */
    const struct client_auth_method *auth;
    char *assertion_audience;    /* see client_auth.h */
    uint32_t assertion_lifetime; /* seconds */
    struct signing_keys *key;    /* or NULL */
    const struct possession_mode *possession;
    struct words grants;
    struct words scopes;        /* empty: whatever upstream allows */
    struct words redirect_uris; /* likewise */
    struct demands demands;
    size_t rule_count;
    struct scope_rule *rules; /* each of one of `scopes` */
    bool limited_use;         /* a token serves one request */
    bool require_challenge;
    bool forward_attestation;     /* upstream judges token and proof, too */
    bool seal_refresh;            /* refresh tokens leave sealed, and come back so */
    bool accept_unsealed_refresh; /* those from before as well */
    struct words devices;         /* ids, or beginnings of ids with a '*' behind */
    bool queue_grants;            /* a grant that waits for its device counts as given */
    uint32_t grant_max_lifetime;  /* of a grant to a device, in seconds; 0: the device's limit */
};

/* What an API demands at /check. */
enum { CHECK_NAME_MAX = 64 };
struct check_policy {
    char *name;
    char *resource;      /* URL of the API: the audience of proofs */
    struct slice origin; /* its scheme and authority, borrowed from it */
    const struct original_source *original;
    struct words clients; /* empty: all */
    struct demands demands;
};

/* Devices, and how we reach them. */
struct device_settings {
    struct device_registry *registry; /* NULL: no devices */
    struct signing_keys *token_key;   /* signs the tokens of sealed devices; NULL: there are none */
    struct words listen;              /* where push devices dial in */
    char *resource_prefix;            /* with a device's id behind it: its resource (RFC 8707) */
    uint32_t grant_max_lifetime;      /* seconds */
    uint32_t connections;             /* of devices that are in */
    uint32_t handshakes;              /* of those that are not yet */
    uint32_t handshake_ms;
    uint32_t heartbeat_s; /* a device that has been silent for twice as long is gone */
    uint32_t push_ms;     /* for a device's acknowledgement */
    uint32_t locate_ms;   /* for another mediator to say that it holds a device */
    uint32_t pending;     /* grants that one device has not acknowledged yet */
    uint32_t queue;       /* grants that wait for one device */
};

struct settings {
    char *issuer;      /* our own URL, without a slash at its end */
    struct slice host; /* its authority, borrowed from it */
    bool https;
    uint32_t clock_skew;         /* seconds, like all below */
    uint32_t token_max_lifetime; /* of an integrity token */
    uint32_t pop_max_age;
    uint32_t challenge_lifetime;
    uint32_t request_lifetime; /* of our own request_uri */
    uint32_t binding_lifetime; /* from /par to /token */
    struct keyring *seal;      /* seals refresh tokens; NULL if no client's are sealed */
    size_t upstream_count;
    struct upstream_settings *upstreams;
    unsigned token_algs; /* JWT_ALG_BITs of all clients */
    size_t client_count;
    struct client *clients; /* sorted by id */
    size_t check_count;
    struct check_policy *checks;
    struct device_settings device;
};

extern cfg_opt_t settings_opts[];

/* As a daemon_spec wants them. `why` names the key that is wrong. */
enum status settings_load(cfg_t *cfg, struct log *log, struct folder_watch *watch, void **model,
                          char *why, size_t why_cap);
void settings_free(void *model);

const struct client *settings_client(const struct settings *s, struct slice id);
/* NULL also for a client of another upstream. */
const struct client *settings_client_at(const struct settings *s, size_t upstream, struct slice id);

/* NULL if there is none of that name. */
const struct check_policy *settings_check(const struct settings *s, struct slice name);

/* An absolute URL that requests to this upstream may be sent to: https, or http
 * to this host, or to any where configured. `out` borrows from text. */
enum status upstream_url(const struct upstream_settings *u, const char *text,
                         struct url *out) MUST_USE;
