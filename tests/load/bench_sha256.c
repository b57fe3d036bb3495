/* bench_sha256: CPU microseconds of SHA-256 over what one attestation samples by default: 64 blocks
 * of 4 KiB for each of two kinds of probe. The floor that no verifier can get under. */
#include <stdio.h>
#include <time.h>

#include "crypto.h"

enum { BYTES = 2 * 64 * 4096, ROUNDS = 300 };
static uint8_t data[BYTES];

static double cpu_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

int main(void)
{
    double before = cpu_us();

    for (int i = 0; i < ROUNDS; i++)
        data[i] ^= crypto_sha256((struct slice){ data, sizeof data }).bytes[0];
    printf("%f\n", (cpu_us() - before) / ROUNDS);
    return 0;
}
