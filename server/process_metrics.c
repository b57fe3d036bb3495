#include "process_metrics.h"

#include <dirent.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "metrics.h"

static const struct metric cpu = { .name = "process_cpu_seconds_total",
                                   .help = "User and system time.",
                                   .type = METRIC_COUNTER };
static const struct metric resident = { .name = "process_resident_memory_bytes",
                                        .help = "Resident memory.",
                                        .type = METRIC_GAUGE };
static const struct metric fds = { .name = "process_open_fds",
                                   .help = "File descriptors open.",
                                   .type = METRIC_GAUGE };
static const struct metric fds_max = { .name = "process_max_fds",
                                       .help = "File descriptors allowed.",
                                       .type = METRIC_GAUGE };
static const struct metric start = { .name = "process_start_time_seconds",
                                     .help = "When the process began, since the epoch.",
                                     .type = METRIC_GAUGE };

static uint64_t microseconds(const struct timeval *t)
{
    return (uint64_t)t->tv_sec * 1000000 + (uint64_t)t->tv_usec;
}

static void write_cpu(struct writer *w)
{
    struct rusage usage;

    if (getrusage(RUSAGE_SELF, &usage) == 0)
        metrics_write_seconds(w, &cpu,
                              microseconds(&usage.ru_utime) + microseconds(&usage.ru_stime));
}

static void write_resident(struct writer *w)
{
    FILE *file = fopen("/proc/self/statm", "re");
    unsigned long long pages;

    if (!file)
        return;
    if (fscanf(file, "%*u %llu", &pages) == 1)
        metrics_write_number(w, &resident, pages * (uint64_t)sysconf(_SC_PAGESIZE));
    fclose(file);
}

/* The one that reads the folder is not counted. */
static void write_fds(struct writer *w)
{
    DIR *folder = opendir("/proc/self/fd");
    uint64_t count = 0;
    struct dirent *entry;

    if (!folder)
        return;
    while ((entry = readdir(folder)))
        count += entry->d_name[0] != '.';
    closedir(folder);
    metrics_write_number(w, &fds, count - 1);
}

static void write_fds_max(struct writer *w)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
        metrics_write_number(w, &fds_max, limit.rlim_cur);
}

void process_metrics_write(int64_t started_at, struct writer *w)
{
    write_cpu(w);
    write_resident(w);
    write_fds(w);
    write_fds_max(w);
    metrics_write_number(w, &start, (uint64_t)started_at);
}
