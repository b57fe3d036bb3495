/* bench-registry FOLDER: CPU to read a registry, to read it again after one app has changed (its
 * app.conf is touched), and to free both; beside it what it takes to open, look at, read a page of
 * and close the same files and folders, and do no more. make-registry makes such a folder. */
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "registry.h"

static double cpu_ms(void)
{
    struct rusage u;

    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e3 +
           (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e3;
}

/* What is resident, in MiB. */
static double memory(void)
{
    unsigned long size = 0, resident = 0;
    FILE *f = fopen("/proc/self/statm", "r");

    if (f && fscanf(f, "%lu %lu", &size, &resident) != 2)
        resident = 0;
    if (f)
        fclose(f);
    return (double)resident * (double)sysconf(_SC_PAGESIZE) / (1024 * 1024);
}

/* --- the peer --- */

static size_t look_at_all(int folder);

static size_t look_at(int folder, const char *name)
{
    char page[4096];
    struct stat info;
    int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

    if (fd < 0 || fstat(fd, &info) != 0)
        return 0;
    if (S_ISDIR(info.st_mode))
        return look_at_all(fd);
    size_t files = read(fd, page, sizeof page) >= 0;
    close(fd);
    return files;
}

static size_t look_at_all(int folder)
{
    DIR *dir = fdopendir(folder);
    size_t files = 0;

    if (!dir)
        return 0;
    for (const struct dirent *e = readdir(dir); e; e = readdir(dir))
        if (e->d_name[0] != '.')
            files += look_at(folder, e->d_name);
    closedir(dir);
    return files;
}

static void run_peer(const char *folder)
{
    double start = cpu_ms();
    size_t files = look_at_all(open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC));

    printf("peer: %zu files looked at in %.0f ms\n", files, cpu_ms() - start);
}

/* --- the registry --- */

static void change_one(const char *folder, const struct registry *r)
{
    char path[PATH_MAX];

    if (registry_count(r) == 0)
        return;
    snprintf(path, sizeof path, "%s/%s/app.conf", folder, registry_app_at(r, 0)->client_id);
    if (utimensat(AT_FDCWD, path, NULL, 0) != 0)
        perror(path);
}

static int run(const char *folder)
{
    struct registry *first, *second;
    char why[WHY_MAX];
    double before = memory(), start = cpu_ms();

    if (registry_read(folder, &first, why, sizeof why)) {
        fprintf(stderr, "bench-registry: %s\n", why);
        return 1;
    }
    printf("%zu apps: read in %.0f ms, %.1f MiB\n", registry_count(first), cpu_ms() - start,
           memory() - before);
    change_one(folder, first);
    start = cpu_ms();
    if (registry_renew(folder, first, NULL, &second, why, sizeof why)) {
        fprintf(stderr, "bench-registry: %s\n", why);
        return 1;
    }
    printf("one changed: read again in %.0f ms, %.1f MiB in all\n", cpu_ms() - start,
           memory() - before);
    start = cpu_ms();
    registry_free(first);
    registry_free(second);
    printf("freed in %.0f ms\n", cpu_ms() - start);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "bench-registry FOLDER\n");
        return 1;
    }
    run_peer(argv[1]);
    run_peer(argv[1]); /* once more: the first brought it into memory */
    return run(argv[1]);
}
