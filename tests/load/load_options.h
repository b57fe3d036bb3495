/* load_options: what load-attest is told on its command line. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "vouchsafe/client.h"

struct load_options {
    uint16_t port;         /* that challenges are asked of */
    uint16_t present_port; /* that attestations are sent to; the same without --present */
    const char *client_id;
    unsigned long connections, installations, threads;
    double seconds, patience;
    double rate; /* arrivals a second; 0: closed loop */
    bool poisson, streak;
    enum vouchsafe_key_type key_type;
    uint64_t seed;
    uint64_t above_us; /* latencies from there on are counted; 0: not */
};

/* Ends the process after --help, or with status 2 for what it does not know or allow. */
void load_options_read(struct load_options *o, int argc, char **argv);
