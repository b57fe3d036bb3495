/* vouchsafe-example: an app that embeds the client SDK. It reads commands from
 * standard input, one a line, and answers each with "ok ..." or "error ...".
 * There is no client secret in it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "login.h"
#include "state_file.h"

enum { LINE_MAX_LEN = 4096 };

/* Something that a fake would like to change, and that attestation watches over like the code. */
static const char greeting[] = "ok Vouchsafe example, genuine build";

struct example {
    struct vouchsafe_client *client;
    struct login login;
};

static void say_error(struct example *e, enum vouchsafe_error error)
{
    struct vouchsafe_refusal refusal;

    vouchsafe_client_refusal(e->client, &refusal);
    if (error != VOUCHSAFE_REFUSED && error != VOUCHSAFE_UNAVAILABLE)
        printf("error app %s\n", vouchsafe_error_text(error));
    else if (refusal.retry_after_s)
        printf("error %s (error_id %s) retry_after=%lld\n", refusal.error, refusal.error_id,
               (long long)refusal.retry_after_s);
    else
        printf("error %s (error_id %s)\n", refusal.error, refusal.error_id);
}

static void say_result(int bad, const char *ok, const struct login_result *result)
{
    printf("%s%s\n", bad ? "error " : ok, result->line);
}

/* What the token says about itself, for whoever watches; an app need not look into it. */
static void say_claims(const char *token)
{
    struct vouchsafe_token_info info;

    if (vouchsafe_token_info(token, &info))
        puts("error app the token cannot be read");
    else
        printf("ok attested coverage=%.4g streak=%lld lifetime=%lld\n", info.coverage,
               (long long)info.streak, (long long)(info.expires_at - info.issued_at));
}

static void run_attest(struct example *e, const char *word)
{
    char token[VOUCHSAFE_TOKEN_MAX + 1];
    enum vouchsafe_error error = vouchsafe_client_attest(e->client);

    (void)word;
    if (!error)
        error = vouchsafe_client_token(e->client, token);
    if (error)
        say_error(e, error);
    else
        say_claims(token);
}

static void run_headers(struct example *e, const char *audience)
{
    struct vouchsafe_headers headers;
    enum vouchsafe_error error = vouchsafe_client_headers(e->client, audience, NULL, &headers);

    if (error) {
        say_error(e, error);
        return;
    }
    printf("header OAuth-Client-Attestation: %s\n", headers.attestation);
    printf("header OAuth-Client-Attestation-PoP: %s\nok\n", headers.pop);
}

/* To authenticate at an authorization server without a mediator, where attestd lets this app. */
static void run_assertion(struct example *e, const char *audience)
{
    char assertion[VOUCHSAFE_TOKEN_MAX + 1];
    enum vouchsafe_error error = vouchsafe_client_assertion(e->client, audience, assertion);

    if (error)
        say_error(e, error);
    else
        printf("ok %s\n", assertion);
}

static void run_ear(struct example *e, const char *word)
{
    char ear[VOUCHSAFE_TOKEN_MAX + 1];
    enum vouchsafe_error error = vouchsafe_client_ear(e->client, ear);

    (void)word;
    if (error)
        say_error(e, error);
    else
        printf("ok %s\n", ear);
}

static void run_greeting(struct example *e, const char *word)
{
    (void)e;
    (void)word;
    puts(greeting);
}

static void run_login(struct example *e, const char *word)
{
    struct login_result result;

    (void)word;
    say_result(login_begin(&e->login, &result), "ok open ", &result);
}

static void run_finish(struct example *e, const char *url)
{
    struct login_result result;

    say_result(login_finish(&e->login, url, &result), "ok ", &result);
}

static void run_refresh(struct example *e, const char *word)
{
    struct login_result result;

    (void)word;
    say_result(login_refresh(&e->login, &result), "ok ", &result);
}

static void run_show(struct example *e, const char *what)
{
    char token[VOUCHSAFE_TOKEN_MAX + 1];
    enum vouchsafe_error error;

    if (strcmp(what, "access_token") == 0) {
        printf("ok %s\n", e->login.access_token);
    } else if (strcmp(what, "refresh_token") == 0) {
        printf("ok %s\n", e->login.refresh_token);
    } else if (strcmp(what, "integrity_token") == 0) {
        error = vouchsafe_client_token(e->client, token);
        if (error)
            say_error(e, error);
        else
            printf("ok %s\n", token);
    } else {
        puts("error app show takes access_token, refresh_token or integrity_token");
    }
}

static const struct command {
    const char *name;
    void (*run)(struct example *e, const char *rest);
    const char *help;
} commands[] = {
    { "attest", run_attest, "gets a fresh integrity token" },
    { "headers", run_headers, "AUDIENCE: the two headers for a request" },
    { "assertion", run_assertion, "AUDIENCE: a client assertion for it" },
    { "ear", run_ear, "an EAT Attestation Result" },
    { "greeting", run_greeting, "what this app says" },
    { "login", run_login, "begins a login: open the URL it answers with" },
    { "finish", run_finish, "URL: ends it, with the URL the browser came back with" },
    { "refresh", run_refresh, "gets a new access token" },
    { "show", run_show, "access_token, refresh_token or integrity_token" },
};
enum { COMMAND_COUNT = sizeof commands / sizeof commands[0] };

static void run_line(struct example *e, char *line)
{
    char *rest = strchr(line, ' ');

    if (rest)
        *rest++ = '\0';
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        if (strcmp(line, commands[i].name) == 0) {
            commands[i].run(e, rest ? rest : "");
            return;
        }
    puts("error app unknown command; try: attest headers assertion ear greeting login finish "
         "refresh show "
         "quit");
}

static void run_lines(struct example *e)
{
    char line[LINE_MAX_LEN];

    while (fgets(line, sizeof line, stdin)) {
        line[strcspn(line, "\r\n")] = '\0';
        if (strcmp(line, "quit") == 0)
            return;
        run_line(e, line);
        fflush(stdout);
    }
}

static void usage(FILE *out)
{
    fputs("Usage: vouchsafe-example --attestd URL --client-id ID --state FOLDER [--mediator URL]\n"
          "         [--redirect-uri URI] [--scope SCOPE] [--ca-file FILE] [--pin HEX] [--key "
          "ed25519|p256]\n"
          "Reads commands from standard input, one a line:\n",
          out);
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        fprintf(out, "  %-10s %s\n", commands[i].name, commands[i].help);
}

struct options {
    const char *attestd, *mediator, *client_id, *state, *redirect_uri, *scope, *ca_file, *pin, *key;
};

static int read_options(int argc, char **argv, struct options *out)
{
    const struct {
        const char *name;
        const char **value;
    } table[] = {
        { "--attestd", &out->attestd },
        { "--mediator", &out->mediator },
        { "--client-id", &out->client_id },
        { "--state", &out->state },
        { "--redirect-uri", &out->redirect_uri },
        { "--scope", &out->scope },
        { "--ca-file", &out->ca_file },
        { "--key", &out->key },
        { "--pin", &out->pin },
    };
    for (int i = 1; i < argc; i += 2) {
        size_t n = 0;
        while (n < sizeof table / sizeof table[0] && strcmp(argv[i], table[n].name) != 0)
            n++;
        if (n == sizeof table / sizeof table[0] || i + 1 == argc)
            return -1;
        *table[n].value = argv[i + 1];
    }
    if (strcmp(out->key, "p256") != 0 && strcmp(out->key, "ed25519") != 0)
        return -1;
    return out->attestd && out->client_id && out->state ? 0 : -1;
}

/* SHA-256 of a certificate's SubjectPublicKeyInfo, in hexadecimal. */
static int read_pin(const char *text, uint8_t pin[32])
{
    for (int i = 0; i < 32; i++)
        if (sscanf(text + 2 * i, "%2hhx", &pin[i]) != 1)
            return -1;
    return strlen(text) == 64 ? 0 : -1;
}

int main(int argc, char **argv)
{
    struct options o = { .mediator = "", .redirect_uri = "", .scope = "", .key = "ed25519" };
    struct example e = { 0 };

    if (argc == 2 && strcmp(argv[1], "--help") == 0) {
        usage(stdout);
        return 0;
    }
    if (read_options(argc, argv, &o)) {
        usage(stderr);
        return 2;
    }
    uint8_t pin[1][32], delivered[VOUCHSAFE_PINS_MAX][32];
    if (o.pin && read_pin(o.pin, pin[0])) {
        usage(stderr);
        return 2;
    }
    const struct vouchsafe_config config = {
        .attestd_url = o.attestd,
        .client_id = o.client_id,
        .key_type = strcmp(o.key, "p256") == 0 ? VOUCHSAFE_KEY_P256 : VOUCHSAFE_KEY_ED25519,
        .key_store = { .load = state_key_load, .save = state_key_save, .arg = (void *)o.state },
        .ca_file = o.ca_file,
        .pins = o.pin ? pin : NULL,
        .pin_count = o.pin ? 1 : 0,
        .delivered_pins = (const uint8_t(*)[32])delivered,
        .delivered_pin_count = state_pins_load(o.state, delivered),
        .pins_changed = state_pins_save,
        .pins_arg = (void *)o.state,
    };
    enum vouchsafe_error error = vouchsafe_client_new(&config, &e.client);
    if (error) {
        fprintf(stderr, "vouchsafe-example: %s\n", vouchsafe_error_text(error));
        return 1;
    }
    e.login = (struct login){ .client = e.client,
                              .settings = { .mediator = o.mediator,
                                            .client_id = o.client_id,
                                            .redirect_uri = o.redirect_uri,
                                            .scope = o.scope } };
    run_lines(&e);
    vouchsafe_client_free(e.client);
    return 0;
}
