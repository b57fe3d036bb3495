/* redis_child: a real Redis of a test's own, that keeps nothing. */
#pragma once
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { REDIS_ARGS_MAX = 24 };

struct redis_child {
    char folder[64];
    char url[128];
    char socket[96];
    char port[8]; /* "0": Unix socket only */
    pid_t pid;
};

static inline void redis_exec(struct redis_child *r, const char *const *args)
{
    r->pid = fork();
    if (r->pid == 0) {
        int null = open("/dev/null", O_RDWR);
        dup2(null, STDOUT_FILENO);
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        execvp(args[0], (char *const *)args);
        _exit(127);
    }
    cr_assert_gt(r->pid, 0);
}

static inline void redis_run(struct redis_child *r, const char *const *extra)
{
    const char *args[REDIS_ARGS_MAX] = { "redis-server", "--save",     "",
                                         "--appendonly", "no",         "--unixsocket",
                                         r->socket,      "--port",     r->port,
                                         "--bind",       "127.0.0.1",  "--dir",
                                         r->folder,      "--loglevel", "warning" };
    size_t n = 15;

    for (; extra && *extra; extra++)
        args[n++] = *extra;
    redis_exec(r, args);
}

static inline void redis_init(struct redis_child *r)
{
    char folder[] = "/tmp/vouchsafe-redis-XXXXXX";

    memset(r, 0, sizeof *r);
    cr_assert_not_null(mkdtemp(folder));
    memcpy(r->folder, folder, sizeof folder);
    snprintf(r->socket, sizeof r->socket, "%s/s", folder);
    snprintf(r->url, sizeof r->url, "unix://%s/s", folder);
    strcpy(r->port, "0");
}

/* A TCP port that nobody listens on at this moment. */
static inline void redis_use_tcp(struct redis_child *r)
{
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    cr_assert_eq(bind(fd, (struct sockaddr *)&address, len), 0);
    cr_assert_eq(getsockname(fd, (struct sockaddr *)&address, &len), 0);
    close(fd);
    snprintf(r->port, sizeof r->port, "%u", (unsigned)ntohs(address.sin_port));
    snprintf(r->url, sizeof r->url, "redis://127.0.0.1:%u/3", (unsigned)ntohs(address.sin_port));
}

static inline void redis_end(struct redis_child *r, int signal)
{
    kill(r->pid, signal);
    waitpid(r->pid, NULL, 0);
    r->pid = 0;
}

static inline void redis_clear(struct redis_child *r)
{
    char path[160];

    if (r->pid)
        redis_end(r, SIGKILL);
    unlink(r->socket);
    snprintf(path, sizeof path, "%s/password", r->folder);
    unlink(path);
    rmdir(r->folder);
}
