/* open-door: an app that opens doors, or reads what a medical device measures, with a grant that
 * its user gave it. It reads commands from standard input, one a line, and answers each with "ok
 * ..." or "error ...". There is no client secret in it, and no key of any device.
 *
 *   open-door --attestd URL --mediator URL --client-id ID --state FOLDER --redirect-uri URI
 *     --device urn:vouchsafe:device:front-door --scope "door:unlock alarm:off" [--for SECONDS]
 *     [--own-key yes]
 *
 * --for: this long from the login's end on, and no longer. --own-key: makes the possession key here
 * instead of having the mediator make it. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "device_line.h"
#include "login.h"
#include "state_file.h"

enum { LINE_MAX_LEN = 8192, READ_LEN = 512 };

/* Something that a fake would like to change. */
static const char greeting[] = "ok open-door, genuine build";

struct app {
    struct vouchsafe_client *client;
    struct login login;
    struct vouchsafe_grant_wish wish;
    long seconds; /* 0: as long as it is granted */
    uint8_t own_key[VOUCHSAFE_GRANT_KEY_LEN];
};

/* --- the login --- */

static void say_result(int bad, const char *ok, const struct login_result *result)
{
    printf("%s%s\n", bad ? "error " : ok, result->line);
}

static void run_greeting(struct app *a, char *rest)
{
    (void)a;
    (void)rest;
    puts(greeting);
}

static void run_login(struct app *a, char *rest)
{
    struct login_result result;

    (void)rest;
    say_result(login_begin(&a->login, &result), "ok open ", &result);
}

static void set_window(struct app *a)
{
    a->wish.expires = a->seconds ? (int64_t)time(NULL) + a->seconds : 0;
}

static void run_finish(struct app *a, char *url)
{
    struct login_result result;

    set_window(a);
    say_result(login_finish(&a->login, url, &result), "ok ", &result);
}

static void run_refresh(struct app *a, char *rest)
{
    struct login_result result;

    (void)rest;
    set_window(a);
    say_result(login_refresh(&a->login, &result), "ok ", &result);
}

static void run_token(struct app *a, char *rest)
{
    (void)rest;
    printf("ok %s\n", a->login.access_token);
}

/* --- the grant --- */

static void run_grant(struct app *a, char *rest)
{
    struct vouchsafe_grant_info info;

    (void)rest;
    if (!a->login.grant) {
        puts("error app there is no grant");
        return;
    }
    vouchsafe_grant_info(a->login.grant, &info);
    printf("ok %s nbf=%lld exp=%lld%s%s%s %s shown=%s\n", info.device, (long long)info.not_before,
           (long long)info.expires, info.once ? " once" : "", info.waits ? " waits" : "",
           info.carried ? " carried" : "", info.scope, info.shown);
}

/* A token response that came another way: from another installation, or to whoever stole it. */
static void run_take(struct app *a, char *text)
{
    struct vouchsafe_grant *grant;
    enum vouchsafe_error error = vouchsafe_grant_new(text, strlen(text), NULL, &grant);

    if (error) {
        printf("error app %s\n", vouchsafe_error_text(error));
        return;
    }
    login_end(&a->login);
    a->login.grant = grant;
    puts("ok");
}

/* --- the device --- */

struct visit {
    int fd;
    struct vouchsafe_grant_talk *talk;
    uint8_t in[READ_LEN];
    size_t have, at; /* of in: read, and seen */
    const char *why; /* it went wrong */
};

/* The next event, or false. */
static bool hear(struct visit *v, struct vouchsafe_grant_event *event)
{
    do {
        size_t used;
        if (v->at == v->have) {
            v->at = 0;
            v->have = device_line_read(v->fd, v->in, sizeof v->in);
        }
        if (v->have == 0) {
            v->why = "the device has hung up, or is silent";
            return false;
        }
        enum vouchsafe_error error =
            vouchsafe_grant_talk_take(v->talk, v->in + v->at, v->have - v->at, &used, event);
        v->at += used;
        if (error) {
            v->why = vouchsafe_error_text(error);
            return false;
        }
    } while (event->what == VOUCHSAFE_GRANT_NOTHING);
    return true;
}

static const char *const code_names[] = {
    [VOUCHSAFE_GRANT_DONE] = "done",       [VOUCHSAFE_GRANT_MORE] = "more",
    [VOUCHSAFE_GRANT_DENIED] = "denied",   [VOUCHSAFE_GRANT_FAILED] = "failed",
    [VOUCHSAFE_GRANT_UNKNOWN] = "unknown", [VOUCHSAFE_GRANT_BUSY] = "busy",
};

/* Whether the command was carried out; each answer is a line. */
static bool hear_answers(struct visit *v)
{
    struct vouchsafe_grant_event event;

    do {
        if (!hear(v, &event))
            return false;
        printf("answer %s %.*s\n", code_names[event.code], (int)event.body_len,
               (const char *)event.body);
        fflush(stdout);
    } while (event.code == VOUCHSAFE_GRANT_MORE);
    v->why = "the device did not do it";
    return event.code == VOUCHSAFE_GRANT_DONE;
}

/* ACTION or ACTION=BODY */
static bool ask(struct visit *v, char *command)
{
    uint8_t bytes[VOUCHSAFE_GRANT_OUT_MAX];
    struct vouchsafe_grant_out out = { bytes, sizeof bytes, 0 };
    char *body = strchr(command, '=');

    if (body)
        *body++ = '\0';
    enum vouchsafe_error error = vouchsafe_grant_talk_ask(v->talk, command, (const uint8_t *)body,
                                                          body ? strlen(body) : 0, &out);
    if (error || !device_line_send(v->fd, &out)) {
        v->why = error ? vouchsafe_error_text(error) : "the device has hung up";
        return false;
    }
    return hear_answers(v);
}

static bool open_visit(struct visit *v, const struct vouchsafe_grant *grant)
{
    uint8_t bytes[VOUCHSAFE_GRANT_OUT_MAX];
    struct vouchsafe_grant_out out = { bytes, sizeof bytes, 0 };
    struct vouchsafe_grant_event event;
    enum vouchsafe_error error = vouchsafe_grant_talk_new(grant, &out, &v->talk);

    if (error || !device_line_send(v->fd, &out)) {
        v->why = error ? vouchsafe_error_text(error) : "the device has hung up";
        return false;
    }
    return hear(v, &event);
}

/* WHERE ACTION[=BODY]...: one conversation, which ends at the first command that is not done. */
static void run_open(struct app *a, char *rest)
{
    char *save, *where = strtok_r(rest, " ", &save), *command;
    struct visit v = { .fd = where ? device_line_open(where) : -1 };

    if (v.fd < 0) {
        puts("error app there is no way to the device");
        return;
    }
    bool good = open_visit(&v, a->login.grant);
    while (good && (command = strtok_r(NULL, " ", &save)))
        good = ask(&v, command);
    vouchsafe_grant_talk_free(v.talk);
    close(v.fd);
    if (good)
        puts("ok");
    else
        printf("error device: %s\n", v.why);
}

/* --- commands --- */

static const struct command {
    const char *name;
    void (*run)(struct app *a, char *rest);
    const char *help;
} commands[] = {
    { "greeting", run_greeting, "what this app says" },
    { "login", run_login, "begins a login: open the URL it answers with" },
    { "finish", run_finish, "URL: ends it, with the URL the browser came back with" },
    { "refresh", run_refresh, "asks for the grant once more, without the user" },
    { "token", run_token, "the access token" },
    { "grant", run_grant, "what may be done, and until when" },
    { "take", run_take, "JSON: a token response that came another way" },
    { "open", run_open, "tcp:PORT or line:PATH, then ACTION[=BODY]...: asks the device" },
};
enum { COMMAND_COUNT = sizeof commands / sizeof commands[0] };

static void run_line(struct app *a, char *line)
{
    char *rest = strchr(line, ' ');
    static char none[1];

    if (rest)
        *rest++ = '\0';
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        if (strcmp(line, commands[i].name) == 0) {
            commands[i].run(a, rest ? rest : none);
            return;
        }
    puts("error app unknown command");
}

static void run_lines(struct app *a)
{
    static char line[LINE_MAX_LEN];

    while (fgets(line, sizeof line, stdin)) {
        line[strcspn(line, "\r\n")] = '\0';
        if (strcmp(line, "quit") == 0)
            return;
        run_line(a, line);
        fflush(stdout);
    }
}

static void usage(FILE *out)
{
    fputs("Usage: open-door --attestd URL --mediator URL --client-id ID --state FOLDER\n"
          "         --redirect-uri URI --device RESOURCE --scope SCOPE [--for SECONDS]\n"
          "         [--own-key yes] [--ca-file FILE]\n"
          "Reads commands from standard input, one a line:\n",
          out);
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        fprintf(out, "  %-10s %s\n", commands[i].name, commands[i].help);
}

struct options {
    const char *attestd, *mediator, *client_id, *state, *redirect_uri, *device, *scope, *seconds,
        *own_key, *ca_file;
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
        { "--device", &out->device },
        { "--scope", &out->scope },
        { "--for", &out->seconds },
        { "--own-key", &out->own_key },
        { "--ca-file", &out->ca_file },
    };
    for (int i = 1; i < argc; i += 2) {
        size_t n = 0;
        while (n < sizeof table / sizeof table[0] && strcmp(argv[i], table[n].name) != 0)
            n++;
        if (n == sizeof table / sizeof table[0] || i + 1 == argc)
            return -1;
        *table[n].value = argv[i + 1];
    }
    return out->attestd && out->mediator && out->client_id && out->state && out->redirect_uri &&
                   out->device && out->scope
               ? 0
               : -1;
}

static enum vouchsafe_error begin(struct app *a, const struct options *o)
{
    const struct vouchsafe_config config = {
        .attestd_url = o->attestd,
        .client_id = o->client_id,
        .key_store = { .load = state_key_load, .save = state_key_save, .arg = (void *)o->state },
        .ca_file = o->ca_file,
    };
    enum vouchsafe_error error = vouchsafe_client_new(&config, &a->client);

    if (!error && o->own_key)
        error = vouchsafe_grant_key(a->own_key);
    a->seconds = o->seconds ? strtol(o->seconds, NULL, 10) : 0;
    a->wish = (struct vouchsafe_grant_wish){ .device = o->device,
                                             .scope = o->scope,
                                             .key = o->own_key ? a->own_key : NULL };
    a->login = (struct login){
        .client = a->client,
        .settings = { o->mediator, o->client_id, o->redirect_uri, o->scope, &a->wish },
    };
    return error;
}

static void finish(struct app *a)
{
    login_end(&a->login);
    explicit_bzero(a->own_key, sizeof a->own_key);
    vouchsafe_client_free(a->client);
}

int main(int argc, char **argv)
{
    struct options o = { .attestd = NULL };
    static struct app a;

    if (argc == 2 && strcmp(argv[1], "--help") == 0) {
        usage(stdout);
        return 0;
    }
    if (read_options(argc, argv, &o)) {
        usage(stderr);
        return 2;
    }
    signal(SIGPIPE, SIG_IGN); /* a device that hangs up is an error like others */
    enum vouchsafe_error error = begin(&a, &o);
    if (error) {
        fprintf(stderr, "open-door: %s\n", vouchsafe_error_text(error));
        return 1;
    }
    run_lines(&a);
    finish(&a);
    return 0;
}
