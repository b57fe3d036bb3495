#include "load_options.h"

#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    CONNECTIONS_MAX = 10000,
    INSTALLATIONS_MAX = 1000000,
    THREADS_MAX = 256,
    RATE_MAX = 1000000,
    SECONDS_MAX = 86400
};

static const char help[] =
    "Usage: load-attest [OPTION]... PORT CLIENT_ID\n"
    "\n"
    "Many simulated installations of one app (this program, which must be registered as a build "
    "of\n"
    "CLIENT_ID), each with an instance key of its own, attest at 127.0.0.1:PORT with the SDK's "
    "real\n"
    "answers. Prints one line of JSON; latencies in microseconds.\n"
    "\n"
    "  --connections N     kept open; as many attestations are under way at most (32; 1 to 10000)\n"
    "  --installations N   instance keys, which take turns (as many as connections; to 1000000)\n"
    "  --rate R            open loop: R attestations a second are due, whatever became of those\n"
    "                      before; latency counts from when one was due, not from when there was "
    "a\n"
    "                      connection for it. Without it a connection asks again once it was "
    "answered,\n"
    "                      and what a stall kept from being asked does not show\n"
    "  --arrivals KIND     poisson (default) or fixed gaps\n"
    "  --seconds S         how long (3; to 86400)\n"
    "  --patience S        after it, for what is still under way (30); what is not done then "
    "counts\n"
    "                      with the time it has waited, and as unfinished\n"
    "  --threads N         loops that share all this (1; to 256)\n"
    "  --key TYPE          p256 (default) or ed25519\n"
    "  --streak            installations present their last token\n"
    "  --present PORT      sends attestations there, to another attestd on the same store\n"
    "  --above MS          counts latencies of MS milliseconds and more\n"
    "  --seed N            of the arrivals (1)\n"
    "  --help              this text\n";

enum option_code {
    CONNECTIONS = 1,
    INSTALLATIONS,
    RATE,
    ARRIVALS,
    SECONDS,
    PATIENCE,
    THREADS,
    KEY,
    STREAK,
    PRESENT,
    ABOVE,
    SEED,
    HELP
};

static const struct option options[] = {
    { "connections", required_argument, NULL, CONNECTIONS },
    { "installations", required_argument, NULL, INSTALLATIONS },
    { "rate", required_argument, NULL, RATE },
    { "arrivals", required_argument, NULL, ARRIVALS },
    { "seconds", required_argument, NULL, SECONDS },
    { "patience", required_argument, NULL, PATIENCE },
    { "threads", required_argument, NULL, THREADS },
    { "key", required_argument, NULL, KEY },
    { "streak", no_argument, NULL, STREAK },
    { "present", required_argument, NULL, PRESENT },
    { "above", required_argument, NULL, ABOVE },
    { "seed", required_argument, NULL, SEED },
    { "help", no_argument, NULL, HELP },
    { NULL, 0, NULL, 0 },
};

static _Noreturn void refuse(const char *what, const char *text)
{
    fprintf(stderr, "load-attest: %s: '%s'; --help tells\n", what, text);
    exit(2);
}

/* From `least` (or, where that is 0, above it) to `most`. */
static double number(const char *text, double least, double most)
{
    char *end;
    double value = strtod(text, &end);

    if (end == text || *end || !isfinite(value) || value < least || value > most || value <= 0)
        refuse("no number that is allowed", text);
    return value;
}

static unsigned long count(const char *text, unsigned long most)
{
    double value = number(text, 1, (double)most);

    if (value != floor(value))
        refuse("no whole number", text);
    return (unsigned long)value;
}

/* Whether it is the first of two words; anything but the two is refused. */
static bool first_of(const char *text, const char *first, const char *second)
{
    bool is_first = strcmp(text, first) == 0;

    if (!is_first && strcmp(text, second) != 0)
        refuse("unknown", text);
    return is_first;
}

static void take(struct load_options *o, enum option_code code)
{
    switch (code) {
    case CONNECTIONS:
        o->connections = count(optarg, CONNECTIONS_MAX);
        return;
    case INSTALLATIONS:
        o->installations = count(optarg, INSTALLATIONS_MAX);
        return;
    case RATE:
        o->rate = number(optarg, 0, RATE_MAX);
        return;
    case ARRIVALS:
        o->poisson = first_of(optarg, "poisson", "fixed");
        return;
    case SECONDS:
        o->seconds = number(optarg, 0, SECONDS_MAX);
        return;
    case PATIENCE:
        o->patience = number(optarg, 0, SECONDS_MAX);
        return;
    case THREADS:
        o->threads = count(optarg, THREADS_MAX);
        return;
    case KEY:
        o->key_type =
            first_of(optarg, "p256", "ed25519") ? VOUCHSAFE_KEY_P256 : VOUCHSAFE_KEY_ED25519;
        return;
    case STREAK:
        o->streak = true;
        return;
    case PRESENT:
        o->present_port = (uint16_t)count(optarg, UINT16_MAX);
        return;
    case ABOVE:
        o->above_us = (uint64_t)(1000 * number(optarg, 0, 1000.0 * SECONDS_MAX));
        return;
    case SEED:
        o->seed = count(optarg, UINT32_MAX);
        return;
    case HELP:
        fputs(help, stdout);
        exit(0);
    }
}

static void finish(struct load_options *o, char **words)
{
    o->port = (uint16_t)count(words[0], UINT16_MAX);
    o->client_id = words[1];
    if (!o->present_port)
        o->present_port = o->port;
    if (!o->installations)
        o->installations = o->connections;
    if (o->threads > o->connections || o->threads > o->installations)
        refuse("more threads than connections or installations", words[0]);
}

void load_options_read(struct load_options *o, int argc, char **argv)
{
    int code;

    *o = (struct load_options){
        .connections = 32, .threads = 1, .seconds = 3, .patience = 30, .poisson = true, .seed = 1
    };
    while ((code = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (code == '?')
            exit(2);
        take(o, (enum option_code)code);
    }
    if (argc - optind != 2)
        refuse("PORT and CLIENT_ID are wanted", argv[0]);
    finish(o, argv + optind);
}
