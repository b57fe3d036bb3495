/* bench_sha256: CPU microseconds of SHA-256 over a number of bytes: the floor that no verifier of
 * so many sampled bytes can get under. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "crypto.h"

enum { BYTES_MAX = 1 << 20, ROUNDS = 300 };
static uint8_t data[BYTES_MAX];

static double cpu_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

int main(int argc, char **argv)
{
    size_t len = argc == 2 ? strtoul(argv[1], NULL, 10) : 0;
    double before = cpu_us();

    if (len == 0 || len > sizeof data) {
        fputs("usage: bench-sha256 BYTES (at most 1 MiB)\n", stderr);
        return 2;
    }

    for (int i = 0; i < ROUNDS; i++)
        data[i] ^= crypto_sha256((struct slice){ data, len }).bytes[0];
    printf("%f\n", (cpu_us() - before) / ROUNDS);
    return 0;
}
