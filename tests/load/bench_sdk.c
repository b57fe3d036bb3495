/* bench_sdk: what one attestation costs an app of 2 MiB: CPU microseconds of turning the challenge
 * on standard input into its answer. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "vouchsafe/client.h"

enum { ROUNDS = 500, CHALLENGE_MAX = 64 * 1024, PAYLOAD = 2 * 1024 * 1024 };

/* Read-only and of the file, as an app's code and texts are. */
__attribute__((used)) static const unsigned char payload[PAYLOAD] = { [0 ... PAYLOAD - 1] = 7 };

static double cpu_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static int answer(const struct vouchsafe_core *core, const char *challenge, size_t len)
{
    static char out[VOUCHSAFE_MESSAGE_MAX];
    enum vouchsafe_error error = vouchsafe_core_answer(core, challenge, len, out, sizeof out);

    if (error)
        fprintf(stderr, "bench-sdk: %s\n", vouchsafe_error_text(error));
    return error ? 1 : 0;
}

int main(void)
{
    static char challenge[CHALLENGE_MAX];
    size_t len = fread(challenge, 1, sizeof challenge, stdin);
    struct vouchsafe_core *core;

    if (vouchsafe_core_new("bench", VOUCHSAFE_KEY_P256, NULL, &core) ||
        answer(core, challenge, len)) /* once, so that everything has been read */
        return 1;
    double before = cpu_us();
    for (int i = 0; i < ROUNDS; i++)
        if (answer(core, challenge, len))
            return 1;
    printf("%f\n", (cpu_us() - before) / ROUNDS);
    vouchsafe_core_free(core);
    return 0;
}
