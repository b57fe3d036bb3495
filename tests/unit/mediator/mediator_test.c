#include "mediator.h"

#include "site.h"

#define CLIENT "grants = {\"client_credentials\"}\n"
#define ASK    "grant_type=client_credentials&client_id=app"

static struct site s;

static void open_site(void)
{
    site_open(&s, SITE_BY_HAND, CLIENT);
    s.token = (struct site_reply){ 200, "application/json", "{}", { NULL, { NULL, 0 } } };
}

static void close_site(void)
{
    site_close(&s);
}

TestSuite(mediator, .init = open_site, .fini = close_site);

/* As the daemon does on SIGHUP. */
static void reload(const char *client)
{
    struct model_ref *former = s.worker.model;
    char config[4096];

    site_config(&s, config, sizeof config, SITE_BY_HAND, client);
    cr_assert_eq(configured_load(&s.c, config), ST_OK, "%s", s.c.why);
    s.worker.model = model_ref_new(s.c.model, settings_free);
    s.c.model = NULL;
    mediator_reload(&s.worker);
    model_ref_drop(former);
}

Test(mediator, a_reload_is_in_force_for_the_next_request)
{
    cr_expect_eq(site_post(&s, "/token", ASK), 200);
    reload("grants = {\"refresh_token\"}\n");
    cr_expect_eq(site_post(&s, "/token", ASK), 400);
    cr_expect(site_says(&s, "unauthorized_client"));
    reload(CLIENT);
    cr_expect_eq(site_post(&s, "/token", ASK), 200);
}

/* Starts a request and runs the loop until upstream holds it. */
static void begin_held(void)
{
    struct text token = mint_token(&(struct token_wish){
        .secret = configured_secret(), .kid = s.c.kid, .instance = &s.instance });
    struct text proof = mint_proof(&(struct proof_wish){ .instance = &s.instance });
    const struct http1_header headers[] = {
        { SLICE_LIT("Content-Type"), SLICE_LIT("application/x-www-form-urlencoded") },
        { SLICE_LIT(ATTESTATION_HEADER), slice_of(token.bytes) },
        { SLICE_LIT(ATTESTATION_POP_HEADER), slice_of(proof.bytes) },
    };
    const struct http_call call = { .method = "POST",
                                    .target = SLICE_LIT("/token"),
                                    .headers = headers,
                                    .header_count = 3,
                                    .body = SLICE_LIT(ASK) };

    s.hold = true;
    s.code = 0;
    http_client_send(s.client, &call, site_answered, &s);
    for (int i = 0; i < 1000 && !s.held; i++)
        event_base_loop(s.base, EVLOOP_ONCE);
    cr_assert_not_null(s.held);
}

Test(mediator, a_request_ends_under_the_configuration_it_began_with)
{
    begin_held();
    reload("grants = {\"refresh_token\"}\n");
    reload(CLIENT);
    site_play(s.held, &s.token);
    event_base_dispatch(s.base);
    cr_expect_eq(s.code, 200);
}

Test(mediator, a_client_that_leaves_harms_nobody)
{
    begin_held();
    http_client_free(s.client);
    event_base_loop(s.base, EVLOOP_NONBLOCK);
    reload(CLIENT);
    site_play(s.held, &s.token);
    for (int i = 0; i < 20; i++)
        event_base_loop(s.base, EVLOOP_NONBLOCK);
    site_open_client(&s);
    s.hold = false;
    cr_expect_eq(site_post(&s, "/token", ASK), 200);
    cr_expect_eq(s.asked, 2);
}
