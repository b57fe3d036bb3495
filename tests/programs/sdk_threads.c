/* sdk-threads: many threads of one app that want the integrity token at once.
 *   sdk-threads ATTESTD CLIENT-ID THREADS ROUNDS REFRESH-BEFORE
 * Each thread asks ROUNDS times, 20 ms apart. Prints how many got a token and how many did not. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "vouchsafe/client.h"

enum { THREADS_MAX = 256 };

struct run {
    struct vouchsafe_client *client;
    pthread_barrier_t start;
    int rounds;
    atomic_int good, bad;
};

static void *ask(void *arg)
{
    char token[VOUCHSAFE_TOKEN_MAX + 1];
    struct run *run = arg;

    pthread_barrier_wait(&run->start);
    for (int i = 0; i < run->rounds; i++) {
        if (i)
            usleep(20000);
        if (vouchsafe_client_token(run->client, token))
            run->bad++;
        else
            run->good++;
    }
    return NULL;
}

int main(int argc, char **argv)
{
    pthread_t threads[THREADS_MAX];
    struct run run = { .good = 0 };

    int count = argc == 6 ? atoi(argv[3]) : 0;
    if (count < 1 || count > THREADS_MAX)
        return 2;
    run.rounds = atoi(argv[4]);
    const struct vouchsafe_config config = { .attestd_url = argv[1],
                                             .client_id = argv[2],
                                             .refresh_before_s = atoi(argv[5]) };
    if (vouchsafe_client_new(&config, &run.client))
        return 1;
    pthread_barrier_init(&run.start, NULL, (unsigned)count);
    for (int i = 0; i < count; i++)
        if (pthread_create(&threads[i], NULL, ask, &run))
            return 1;
    for (int i = 0; i < count; i++)
        pthread_join(threads[i], NULL);
    printf("good %d bad %d\n", run.good, run.bad);
    pthread_barrier_destroy(&run.start);
    vouchsafe_client_free(run.client);
    return 0;
}
