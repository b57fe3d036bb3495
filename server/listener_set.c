#include "listener_set.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bytes.h"
#include "listener.h"

enum { ADDRESS_MAX = 128, SYSTEMD_FIRST_FD = 3, SYSTEMD_FDS_MAX = 64 };

struct listener_set {
    size_t count, workers;
    char (*addresses)[ADDRESS_MAX]; /* count of them */
    enum proxy_mode *proxies;       /* count of them */
    int *fds;                       /* of worker w: those from fds[w * count] on */
};

size_t listener_set_count(const struct listener_set *set)
{
    return set->count;
}

enum proxy_mode listener_set_proxy(const struct listener_set *set, size_t i)
{
    return set->proxies[i];
}

static int *fd_at(struct listener_set *set, size_t worker, size_t i)
{
    return &set->fds[worker * set->count + i];
}

static struct listener_set *set_new(size_t count, size_t workers)
{
    struct listener_set *set = calloc(1, sizeof *set);

    if (!set)
        return NULL;
    set->count = count;
    set->workers = workers;
    set->addresses = calloc(count, sizeof *set->addresses);
    set->proxies = calloc(count, sizeof *set->proxies);
    set->fds = malloc(count * workers * sizeof *set->fds);
    if (!set->addresses || !set->proxies || !set->fds) {
        set->workers = 0;
        listener_set_free(set);
        return NULL;
    }
    for (size_t i = 0; i < count * workers; i++)
        set->fds[i] = -1;
    return set;
}

void listener_set_free(struct listener_set *set)
{
    if (!set)
        return;
    for (size_t i = 0; i < set->count * set->workers; i++)
        if (set->fds[i] >= 0)
            close(set->fds[i]);
    free(set->addresses);
    free(set->proxies);
    free(set->fds);
    free(set);
}

/* "127.0.0.1:0 proxy_v2" becomes "127.0.0.1:PORT". */
static void write_address(const char *where, uint16_t port, char out[static ADDRESS_MAX])
{
    const char *colon = strrchr(where, ':');
    struct slice address = listener_address(where);

    if (port == 0)
        snprintf(out, ADDRESS_MAX, "%.*s", (int)address.len, where);
    else
        snprintf(out, ADDRESS_MAX, "%.*s:%u", (int)(colon - where), where, (unsigned)port);
}

/* A TCP port is opened once for each worker, so that the kernel deals out
 * connections (SO_REUSEPORT); others share one socket. */
static enum status open_one(struct listener_set *set, size_t i, const char *where, const char **why)
{
    enum status st = listener_open(where, fd_at(set, 0, i), why);

    if (st)
        return st;
    uint16_t port = listener_port(*fd_at(set, 0, i));
    write_address(where, port, set->addresses[i]);
    set->proxies[i] = listener_proxy(where);
    for (size_t w = 1; !st && w < set->workers; w++) {
        int *fd = fd_at(set, w, i);
        if (port) {
            st = listener_open(set->addresses[i], fd, why);
            continue;
        }
        *fd = fcntl(*fd_at(set, 0, i), F_DUPFD_CLOEXEC, 0);
        *why = strerror(errno);
        st = *fd < 0 ? ST_IO : ST_OK;
    }
    return st;
}

/* sd_listen_fds(3): how many sockets from SYSTEMD_FIRST_FD on are meant for us. */
static size_t systemd_count(void)
{
    const char *pid = getenv("LISTEN_PID"), *fds = getenv("LISTEN_FDS");
    uint64_t value;

    if (!pid || !fds || slice_to_u64(slice_of(pid), INT32_MAX, &value) ||
        value != (uint64_t)getpid() || slice_to_u64(slice_of(fds), SYSTEMD_FDS_MAX, &value))
        return 0;
    return (size_t)value;
}

/* FileDescriptorName=proxy_v2 in the unit says what a word in `listen` would. */
static enum proxy_mode systemd_proxy(size_t i)
{
    struct slice names = slice_of(getenv("LISTEN_FDNAMES")), name = { NULL, 0 };
    enum proxy_mode mode;

    for (size_t n = 0; n <= i && names.data; n++)
        name = slice_cut(&names, ':');
    return name.data && proxy_mode_read(name, &mode) == ST_OK ? mode : PROXY_NONE;
}

static enum status adopt_one(struct listener_set *set, size_t i, const char **why)
{
    int given = SYSTEMD_FIRST_FD + (int)i;

    snprintf(set->addresses[i], ADDRESS_MAX, "systemd:%zu", i);
    set->proxies[i] = systemd_proxy(i);
    for (size_t w = 0; w < set->workers; w++) {
        int *fd = fd_at(set, w, i);
        *fd = fcntl(given, F_DUPFD_CLOEXEC, 0);
        if (*fd < 0 || fcntl(*fd, F_SETFL, fcntl(*fd, F_GETFL) | O_NONBLOCK) != 0) {
            *why = strerror(errno);
            return ST_IO;
        }
    }
    close(given);
    return ST_OK;
}

/* The sockets that are given, if there are any, or else those of the addresses. */
static enum status open_set(const char *setting, const char *const *where, size_t count,
                            size_t given, size_t workers, struct listener_set **out, char *why,
                            size_t why_cap)
{
    const char *reason = "";
    enum status st = ST_OK;
    struct listener_set *set = set_new(given ? given : count, workers);
    snprintf(why, why_cap, "no memory");
    if (!set)
        return ST_NO_MEMORY;
    for (size_t i = 0; !st && i < set->count; i++) {
        st = given ? adopt_one(set, i, &reason) : open_one(set, i, where[i], &reason);
        if (st)
            snprintf(why, why_cap, "%s \"%s\": %s", setting, given ? set->addresses[i] : where[i],
                     reason);
    }
    if (st)
        listener_set_free(set);
    else
        *out = set;
    return st;
}

enum status listener_set_open(const char *const *where, size_t count, size_t workers,
                              struct listener_set **out, char *why, size_t why_cap)
{
    size_t given = systemd_count();

    if (count == 0 && given == 0) {
        snprintf(why, why_cap, "listen names no address, and systemd hands over no socket");
        return ST_INVALID;
    }
    return open_set("listen", where, count, given, workers, out, why, why_cap);
}

enum status listener_set_open_admin(const char *const *where, size_t count,
                                    struct listener_set **out, char *why, size_t why_cap)
{
    return open_set("admin", where, count, 0, 1, out, why, why_cap);
}

int listener_set_take(struct listener_set *set, size_t worker, size_t i)
{
    int fd = *fd_at(set, worker, i);

    *fd_at(set, worker, i) = -1;
    return fd;
}

void listener_set_log(const struct listener_set *set, struct log *log, const char *event)
{
    struct log_line line;

    for (size_t i = 0; i < set->count; i++) {
        log_begin(&line, log, LOG_INFO, event);
        log_word(&line, "address", set->addresses[i]);
        if (set->proxies[i])
            log_word(&line, "proxy", proxy_mode_word(set->proxies[i]));
        log_end(&line);
    }
}
