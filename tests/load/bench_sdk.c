/* bench-sdk: what attesting costs an app of PAYLOAD_MIB MiB (2, or as its name says).
 *
 *   bench-sdk                       CPU microseconds of turning the challenge on standard
 *                                   input into its answer
 *   bench-sdk URL CLIENT_ID COUNT   how long whole attestations take the blocking client, one
 *                                   after the other: a line of JSON, in microseconds
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "histogram.h"
#include "vouchsafe/client.h"

enum { ROUNDS = 500, CHALLENGE_MAX = 64 * 1024 };

/* Read-only and of the file, as an app's code and texts are. The assembler fills 64 MiB at once,
 * which takes the compiler a minute. */
#define QUOTE(x)  #x
#define EXPAND(x) QUOTE(x)
#define FILL      ".fill " EXPAND(PAYLOAD_MIB) " * 1048576, 1, 7\n"
__asm__(".pushsection .rodata.payload, \"a\"\n" FILL ".popsection\n");

static double time_us(clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static int complain(enum vouchsafe_error error)
{
    if (error)
        fprintf(stderr, "bench-sdk: %s\n", vouchsafe_error_text(error));
    return error ? 1 : 0;
}

static int answer(const struct vouchsafe_core *core, const char *challenge, size_t len)
{
    static char out[VOUCHSAFE_MESSAGE_MAX];

    return complain(vouchsafe_core_answer(core, challenge, len, out, sizeof out));
}

static int answers(void)
{
    static char challenge[CHALLENGE_MAX];
    size_t len = fread(challenge, 1, sizeof challenge, stdin);
    struct vouchsafe_core *core;

    if (vouchsafe_core_new("bench", VOUCHSAFE_KEY_P256, NULL, &core) ||
        answer(core, challenge, len)) /* once, so that everything has been read */
        return 1;
    double before = time_us(CLOCK_PROCESS_CPUTIME_ID);
    for (int i = 0; i < ROUNDS; i++)
        if (answer(core, challenge, len))
            return 1;
    printf("%f\n", (time_us(CLOCK_PROCESS_CPUTIME_ID) - before) / ROUNDS);
    vouchsafe_core_free(core);
    return 0;
}

static int attestations(const char *url, const char *client_id, unsigned long count)
{
    const struct vouchsafe_config config = { .attestd_url = url, .client_id = client_id };
    static struct histogram latency;
    struct vouchsafe_client *client;

    if (complain(vouchsafe_client_new(&config, &client)) ||
        complain(vouchsafe_client_attest(client)))
        return 1;
    for (unsigned long i = 0; i < count; i++) {
        double before = time_us(CLOCK_MONOTONIC);
        if (complain(vouchsafe_client_attest(client)))
            return 1;
        histogram_add(&latency, (uint64_t)(time_us(CLOCK_MONOTONIC) - before));
    }
    printf("{\"count\": %lu, \"p50\": %llu, \"p99\": %llu}\n", count,
           (unsigned long long)histogram_percentile(&latency, 0.5),
           (unsigned long long)histogram_percentile(&latency, 0.99));
    vouchsafe_client_free(client);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 1)
        return answers();
    if (argc == 4)
        return attestations(argv[1], argv[2], strtoul(argv[3], NULL, 10));
    fputs("usage: bench-sdk [URL CLIENT_ID COUNT]\n", stderr);
    return 2;
}
