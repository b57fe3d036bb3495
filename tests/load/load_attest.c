/* load-attest: many simulated installations of an app that attest with the SDK's real answers; see
 * load-attest --help. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "load_loop.h"

struct load {
    struct load_options options;
    struct installation *installations;
    struct load_loop *loops;
    struct outcome outcome;
    double seconds;
};

static void raise_limit(void)
{
    struct rlimit limit;

    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

static void install(struct load *load)
{
    const struct load_options *o = &load->options;

    load->installations = calloc(o->installations, sizeof *load->installations);
    if (!load->installations)
        load_die("no memory");
    for (size_t i = 0; i < o->installations; i++) {
        struct installation *one = &load->installations[i];
        if (vouchsafe_core_new(o->client_id, o->key_type, NULL, &one->core) != VOUCHSAFE_OK)
            load_die("cannot make an installation");
        one->token = o->streak ? calloc(1, VOUCHSAFE_TOKEN_MAX + 1) : NULL;
        if (o->streak && !one->token)
            load_die("no memory");
    }
}

/* Which share of `all` begins at the i-th thread: they differ by one at most. */
static size_t share(const struct load *load, size_t all, size_t i)
{
    return all * i / load->options.threads;
}

static void open_loops(struct load *load)
{
    const struct load_options *o = &load->options;

    load->loops = calloc(o->threads, sizeof *load->loops);
    if (!load->loops)
        load_die("no memory");
    for (size_t i = 0; i < o->threads; i++) {
        struct load_loop *l = &load->loops[i];
        size_t first = share(load, o->installations, i);
        l->options = o;
        l->installations = &load->installations[first];
        l->installation_count = share(load, o->installations, i + 1) - first;
        load_loop_open(l, share(load, o->connections, i + 1) - share(load, o->connections, i));
    }
}

static void run(struct load *load)
{
    double start = load_now_us();
    struct outcome *all = &load->outcome;

    for (size_t i = 0; i < load->options.threads; i++)
        load_loop_start(&load->loops[i], start, load->options.seed + i);
    for (size_t i = 0; i < load->options.threads; i++) {
        const struct outcome *one = &load->loops[i].outcome;
        load_loop_join(&load->loops[i]);
        histogram_merge(&all->latency, &one->latency);
        all->done += one->done;
        all->refused += one->refused;
        all->broken += one->broken;
        all->unfinished += one->unfinished;
        all->busy_us += one->busy_us;
    }
    load->seconds = (load_now_us() - start) / 1e6;
}

/* "count" is what the server did: the attestations before the measured ones, too. "busy" near 1
 * means that this program was the limit. */
static void print(const struct load *load)
{
    const struct load_options *o = &load->options;
    const struct outcome *all = &load->outcome;
    const struct histogram *h = &all->latency;

    printf("{\"count\": %llu, \"per_second\": %.1f, \"p50\": %llu, \"p99\": %llu, \"p999\": %llu, "
           "\"max\": %llu, \"refused\": %llu, \"broken\": %llu, \"unfinished\": %llu, "
           "\"above\": %llu, \"busy\": %.2f}\n",
           (unsigned long long)all->done + o->threads, (double)all->done / load->seconds,
           (unsigned long long)histogram_percentile(h, 0.5),
           (unsigned long long)histogram_percentile(h, 0.99),
           (unsigned long long)histogram_percentile(h, 0.999), (unsigned long long)h->most,
           (unsigned long long)all->refused, (unsigned long long)all->broken,
           (unsigned long long)all->unfinished,
           (unsigned long long)(o->above_us ? histogram_from(h, o->above_us) : 0),
           all->busy_us / 1e6 / load->seconds / (double)o->threads);
}

static void clear(struct load *load)
{
    for (size_t i = 0; i < load->options.threads; i++)
        load_loop_close(&load->loops[i]);
    for (size_t i = 0; i < load->options.installations; i++) {
        vouchsafe_core_free(load->installations[i].core);
        free(load->installations[i].token);
    }
    free(load->loops);
    free(load->installations);
}

int main(int argc, char **argv)
{
    static struct load load;

    load_options_read(&load.options, argc, argv);
    raise_limit();
    install(&load);
    open_loops(&load);
    run(&load);
    print(&load);
    clear(&load);
    return 0;
}
