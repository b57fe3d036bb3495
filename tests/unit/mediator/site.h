/* site: a mediator on a loop of the test's own, between a client and an
 * authorization server that answers what the test wants and remembers what it
 * was asked. Everything but the server's mind is what the daemon runs. */
#pragma once
#include <event2/event.h>

#include "check.h"
#include "configured.h"
#include "front.h"
#include "listener.h"
#include "mediator.h"
#include "mint.h"

enum { SITE_TEXT = 16384 };

struct site_reply {
    unsigned code;
    const char *type, *body;
    struct http_header_field header; /* or no name */
};

struct site {
    struct configured c;
    struct event_base *base;
    struct clock clock;
    int64_t wall;
    uint64_t steady;
    struct store_memory *memory;
    struct worker worker;
    struct private_key instance, stranger;

    struct http_server *upstream, *server;
    uint16_t upstream_port, port;
    struct site_reply token, par, metadata, other; /* code 0: 404 */
    const char *audience;                          /* of proofs; NULL: MINT_ISSUER */
    bool hold; /* answer nothing at /token but keep it in held */
    struct http_exchange *held;
    unsigned asked, metadata_asked; /* requests that reached upstream */
    char seen_target[SITE_TEXT], seen_head[SITE_TEXT], seen_body[SITE_TEXT];

    struct http_client *client;
    enum status outcome;
    unsigned code;
    char body[SITE_TEXT], head[SITE_TEXT];
};

/* --- upstream --- */

static inline void site_note(char *out, struct slice s)
{
    cr_assert_eq(slice_copy_text(s, out, SITE_TEXT), ST_OK);
}

static inline void site_note_head(char *out, const struct http1_head *head)
{
    struct writer w = writer_over(out, SITE_TEXT - 1);

    for (size_t i = 0; i < head->header_count; i++) {
        writer_put(&w, head->headers[i].name);
        writer_text(&w, ": ");
        writer_put(&w, head->headers[i].value);
        writer_text(&w, "\n");
    }
    out[w.len] = '\0';
}

static inline void site_play(struct http_exchange *ex, const struct site_reply *reply)
{
    http_reply(ex, reply->code ? reply->code : 404, reply->type, &reply->header,
               reply->header.name ? 1 : 0, slice_of(reply->body));
}

static inline void site_note_request(struct http_exchange *ex, struct site *s)
{
    s->asked++;
    site_note(s->seen_target, http_request_head(ex)->path);
    site_note_head(s->seen_head, http_request_head(ex));
    site_note(s->seen_body, http_request_body(ex));
}

static inline void site_on_token(struct http_exchange *ex, void *app)
{
    struct site *s = app;
    site_note_request(ex, s);
    if (s->hold)
        s->held = ex;
    else
        site_play(ex, &s->token);
}

static inline void site_on_par(struct http_exchange *ex, void *app)
{
    struct site *s = app;
    site_note_request(ex, s);
    site_play(ex, &s->par);
}

static inline void site_on_metadata(struct http_exchange *ex, void *app)
{
    struct site *s = app;
    s->metadata_asked++;
    site_play(ex, &s->metadata);
}

static inline void site_on_other(struct http_exchange *ex, void *app)
{
    struct site *s = app;
    site_note_request(ex, s);
    site_play(ex, &s->other);
}

static const struct http_route site_upstream_routes[] = {
    { "POST", "/other/*", site_on_other },
    { "POST", "/token", site_on_token },
    { "POST", "/par", site_on_par },
    { "GET", "/.well-known/oauth-authorization-server", site_on_metadata },
};

/* The daemon's own but for its health. */
static const struct http_route site_routes[] = {
    { "*", "/check", check_handle },
    { "*", "/check/*", check_handle },
    { "*", "/*", front_handle },
};

/* Where `proxied`, whoever connects is a trusted proxy. */
static inline struct http_server *site_serve_to(struct site *s, const struct http_route *routes,
                                                size_t count, void *app, uint16_t *port,
                                                bool proxied)
{
    static const char *const trusted[] = { "127.0.0.1" };
    const struct http_server_options options = { .routes = routes,
                                                 .route_count = count,
                                                 .app = app,
                                                 .limits = &HTTP_SERVER_DEFAULTS,
                                                 .trusted_proxies = trusted,
                                                 .trusted_proxy_count = proxied ? 1 : 0 };
    struct http_server *server;
    const char *why;
    int fd;

    cr_assert_eq(http_server_new(s->base, &options, &server), ST_OK);
    cr_assert_eq(listener_open("127.0.0.1:0", &fd, &why), ST_OK);
    *port = listener_port(fd);
    cr_assert_eq(http_server_listen(server, fd, PROXY_NONE), ST_OK);
    return server;
}

static inline struct http_server *site_serve(struct site *s, const struct http_route *routes,
                                             size_t count, void *app, uint16_t *port)
{
    return site_serve_to(s, routes, count, app, port, false);
}

/* --- opening and closing --- */

static inline int64_t site_wall(void *arg)
{
    return ((struct site *)arg)->wall;
}

static inline uint64_t site_steady(void *arg)
{
    return ((struct site *)arg)->steady;
}

/* `more` goes into the upstream's section, after its issuer. "%d" in both is upstream's port. */
static inline void site_config(struct site *s, char *out, size_t cap, const char *more,
                               const char *client)
{
    char base[64];
    struct writer w = writer_over(out, cap - 1);

    snprintf(base, sizeof base, "http://127.0.0.1:%u", s->upstream_port);
    writer_text(&w, "issuer = \"" MINT_ISSUER
                    "\"\nseal_keyring = \"%s\"\nupstream \"as\" {\n issuer = \"");
    writer_text(&w, base);
    writer_text(&w, "\"\n");
    for (const char *at; (at = strstr(more, "BASE")) != NULL; more = at + 4) {
        writer_put(&w, (struct slice){ (const uint8_t *)more, (size_t)(at - more) });
        writer_text(&w, base);
    }
    writer_text(&w, more);
    writer_text(&w, "\n}\nclient \"app\" {\n keyring = \"%s\"\n");
    writer_text(&w, client);
    writer_text(&w, "\n}\nclient \"other\" {\n upstream = \"as\"\n keyring = \"%s\"\n}\n");
    out[w.len] = '\0';
    cr_assert(!w.full);
}

#define SITE_BY_HAND                                                                               \
    "discovery = false\n token_endpoint = \"BASE/token\"\n authorization_endpoint = "              \
    "\"BASE/auth\"\n"
#define SITE_BY_HAND_WITH_PAR SITE_BY_HAND " pushed_authorization_request_endpoint = \"BASE/par\"\n"

static inline void site_open_client(struct site *s)
{
    char text[64];
    struct url url;

    snprintf(text, sizeof text, "http://127.0.0.1:%u", s->port);
    cr_assert_eq(url_read(slice_of(text), &url), ST_OK);
    cr_assert_eq(http_client_new(s->base, &url, &HTTP_CLIENT_DEFAULTS, NULL, NULL, &s->client),
                 ST_OK);
}

static inline void site_open(struct site *s, const char *upstream, const char *client)
{
    const struct store_memory_limits limits = { .records = 256, .value_bytes = 65536 };
    char config[4096], log[128];

    memset(s, 0, sizeof *s);
    s->wall = MINT_NOW;
    s->clock = (struct clock){ site_wall, site_steady, s };
    s->base = event_base_new();
    s->upstream = site_serve(s, site_upstream_routes, 4, s, &s->upstream_port);
    configured_folder(&s->c);
    site_config(s, config, sizeof config, upstream, client);
    cr_assert_eq(configured_load(&s->c, config), ST_OK, "%s", s->c.why);
    snprintf(log, sizeof log, "%s/log", s->c.folder);
    s->worker = (struct worker){ .base = s->base, .clock = &s->clock };
    s->worker.model = model_ref_new(s->c.model, settings_free);
    s->c.model = NULL;
    cr_assert_eq(log_new(log, LOG_DEBUG, &s->worker.log), ST_OK);
    cr_assert_eq(store_memory_new(&limits, &s->clock, &s->memory), ST_OK);
    cr_assert_eq(store_memory_attach(s->memory, s->base, &s->worker.store), ST_OK);
    cr_assert_eq(mediator_start(&s->worker), ST_OK);
    s->server =
        site_serve(s, site_routes, sizeof site_routes / sizeof *site_routes, &s->worker, &s->port);
    site_open_client(s);
    cr_assert_eq(crypto_key_generate(KEY_P256, &s->instance), ST_OK);
    cr_assert_eq(crypto_key_generate(KEY_ED25519, &s->stranger), ST_OK);
}

static inline void site_close(struct site *s)
{
    http_client_free(s->client);
    http_server_free(s->server);
    mediator_stop(&s->worker);
    store_free(s->worker.store);
    store_memory_free(s->memory);
    if (s->upstream)
        http_server_free(s->upstream);
    model_ref_drop(s->worker.model);
    log_free(s->worker.log);
    event_base_free(s->base);
    configured_clear(&s->c);
}

/* From now on, whoever connects is a trusted proxy. */
static inline void site_trust_peers(struct site *s)
{
    http_client_free(s->client);
    http_server_free(s->server);
    s->server = site_serve_to(s, site_routes, sizeof site_routes / sizeof *site_routes, &s->worker,
                              &s->port, true);
    site_open_client(s);
}

/* --- asking the mediator --- */

static inline void site_answered(void *arg, enum status st, const struct http_response *response)
{
    struct site *s = arg;

    s->outcome = st;
    if (!st) {
        s->code = response->head->code;
        site_note_head(s->head, response->head);
        site_note(s->body, response->body);
    }
    event_base_loopbreak(s->base);
}

static inline unsigned site_send(struct site *s, const char *method, const char *target,
                                 const struct http1_header *headers, size_t count, const char *body)
{
    const struct http_call call = { .method = method,
                                    .target = slice_of(target),
                                    .headers = headers,
                                    .header_count = count,
                                    .body = slice_of(body) };

    s->code = 0;
    s->outcome = ST_INTERNAL;
    http_client_send(s->client, &call, site_answered, s);
    event_base_dispatch(s->base);
    cr_assert_eq(s->outcome, ST_OK, "%s", status_name(s->outcome));
    return s->code;
}

static inline unsigned site_get(struct site *s, const char *target)
{
    return site_send(s, "GET", target, NULL, 0, NULL);
}

/* A form, with token and proof by the instance, and up to two headers more. */
static inline unsigned site_post_as(struct site *s, const struct private_key *instance,
                                    const char *path, const char *form,
                                    const struct http1_header *more, size_t more_count)
{
    struct text token = mint_token(&(struct token_wish){
        .secret = configured_secret(), .kid = s->c.kid, .instance = instance });
    struct text proof =
        mint_proof(&(struct proof_wish){ .instance = instance, .audience = s->audience });
    struct http1_header headers[16] = {
        { SLICE_LIT("Content-Type"), SLICE_LIT("application/x-www-form-urlencoded") },
        { SLICE_LIT(ATTESTATION_HEADER), slice_of(token.bytes) },
        { SLICE_LIT(ATTESTATION_POP_HEADER), slice_of(proof.bytes) },
    };

    for (size_t i = 0; i < more_count; i++)
        headers[3 + i] = more[i];
    return site_send(s, "POST", path, headers, 3 + more_count, form);
}

static inline unsigned site_post(struct site *s, const char *path, const char *form)
{
    return site_post_as(s, &s->instance, path, form, NULL, 0);
}

/* --- looking --- */

static inline bool site_says(const struct site *s, const char *error)
{
    char want[64];

    snprintf(want, sizeof want, "\"error\":\"%s\"", error);
    return strstr(s->body, want) != NULL;
}

/* The value of a header line of `head`, to its end. */
static inline struct slice site_header(const char *head, const char *name)
{
    size_t len = strlen(name);

    for (const char *line = head; *line; line = strchr(line, '\n') + 1)
        if (strncasecmp(line, name, len) == 0 && line[len] == ':')
            return (struct slice){ (const uint8_t *)line + len + 2, strcspn(line + len + 2, "\n") };
    return (struct slice){ NULL, 0 };
}

/* A member of the JSON body, when it is a text. */
static inline void site_member(const struct site *s, const char *name, char *out, size_t cap)
{
    struct slice text;
    cJSON *json;

    cr_assert_eq(json_parse_object(slice_of(s->body), &JSON_MESSAGE_LIMITS, &json), ST_OK);
    cr_assert_eq(json_get_text(json, name, cap, &text), ST_OK, "%s in %s", name, s->body);
    cr_assert_eq(slice_copy_text(text, out, cap), ST_OK);
    cJSON_Delete(json);
}

/* Lines of the log that hold both texts. */
static inline unsigned site_logged(const struct site *s, const char *a, const char *b)
{
    char path[128], line[8192];
    unsigned count = 0;

    snprintf(path, sizeof path, "%s/log", s->c.folder);
    FILE *f = fopen(path, "r");
    cr_assert_not_null(f);
    while (fgets(line, sizeof line, f))
        count += strstr(line, a) && strstr(line, b);
    fclose(f);
    return count;
}
