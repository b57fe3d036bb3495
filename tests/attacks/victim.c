/* victim: an app that is attacked. It takes commands from standard input, one a line, and answers
 * each with a line "ok ..." or "error ...". Its prices are what an attacker would like to change.
 *   victim ATTESTD-URL CLIENT-ID */
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "victim_part.h"
#include "victim_shop.h"
#include "vouchsafe/client.h"

enum { LINE_LEN = 4096 };

struct victim {
    struct vouchsafe_client *client;
    void *opened; /* the last library, or NULL */
};

/* Data that programs change, and so does an attacker. */
static volatile int bought;

static void attest(struct victim *v, const char *rest)
{
    struct vouchsafe_refusal refusal;
    enum vouchsafe_error error = vouchsafe_client_attest(v->client);

    (void)rest;
    vouchsafe_client_refusal(v->client, &refusal);
    if (!error)
        puts("ok attested");
    else if (error == VOUCHSAFE_REFUSED)
        printf("error %s %s\n", refusal.error, refusal.error_id);
    else
        printf("error app %s\n", vouchsafe_error_text(error));
}

static void price(struct victim *v, const char *rest)
{
    (void)v, (void)rest;
    printf("ok %d\n", victim_price());
}

static void part(struct victim *v, const char *rest)
{
    (void)v, (void)rest;
    printf("ok %d\n", victim_part_price());
}

/* A function of libc, called through the procedure linkage table: a JUMP_SLOT. */
static void parent(struct victim *v, const char *rest)
{
    (void)v, (void)rest;
    printf("ok %d\n", (int)getppid());
}

/* One whose address is taken: a GLOB_DAT. */
static void group(struct victim *v, const char *rest)
{
    static pid_t (*volatile get)(void);

    (void)v, (void)rest;
    get = getpgrp;
    printf("ok %d\n", (int)get());
}

static void show_bought(struct victim *v, const char *rest)
{
    (void)v, (void)rest;
    printf("ok %d\n", bought);
}

static void say_string(struct victim *v, const char *rest)
{
    static const char greeting[] = "victim, genuine build";

    (void)v, (void)rest;
    printf("ok %s\n", greeting);
}

static void open_library(struct victim *v, const char *path)
{
    v->opened = dlopen(path, RTLD_NOW);
    printf(v->opened ? "ok\n" : "error app %s\n", dlerror());
}

static void close_library(struct victim *v, const char *rest)
{
    (void)rest;
    if (v->opened)
        dlclose(v->opened);
    v->opened = NULL;
    puts("ok");
}

static const struct command {
    const char *name;
    void (*run)(struct victim *v, const char *rest);
} commands[] = {
    { "attest", attest },       { "price", price },       { "part", part },
    { "parent", parent },       { "group", group },       { "bought", show_bought },
    { "greeting", say_string }, { "open", open_library }, { "close", close_library },
};
enum { COMMAND_COUNT = sizeof commands / sizeof commands[0] };

static void run_line(struct victim *v, char *line)
{
    char *rest = line + strcspn(line, " ");

    if (*rest)
        *rest++ = '\0';
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        if (strcmp(line, commands[i].name) == 0) {
            commands[i].run(v, rest);
            return;
        }
    puts("error app unknown command");
}

int main(int argc, char **argv)
{
    struct victim v = { .opened = NULL };
    char line[LINE_LEN];

    if (argc != 3)
        return 2;
    const struct vouchsafe_config config = { .attestd_url = argv[1], .client_id = argv[2] };
    if (vouchsafe_client_new(&config, &v.client))
        return 1;
    setvbuf(stdout, NULL, _IOLBF, 0);
    while (fgets(line, sizeof line, stdin)) {
        line[strcspn(line, "\n")] = '\0';
        run_line(&v, line);
    }
    vouchsafe_client_free(v.client);
    return 0;
}
