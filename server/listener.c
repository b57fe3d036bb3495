#include "listener.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "bytes.h"

enum {
    BACKLOG = 4096,
    SEND_BYTES = 32 * 1024, /* the system doubles it for its own needs */
    HOST_MAX = 256,
    WHERE_MAX = 512,
    SOCKET_FLAGS = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC
};

static int bind_and_listen(int fd, const struct sockaddr *address, socklen_t len)
{
    if (fd >= 0 && bind(fd, address, len) == 0 && listen(fd, BACKLOG) == 0)
        return fd;
    if (fd >= 0) {
        int saved = errno;
        close(fd);
        errno = saved;
    }
    return -1;
}

static bool is_socket(const char *path)
{
    struct stat info;

    return lstat(path, &info) == 0 && S_ISSOCK(info.st_mode);
}

/* A socket file that nobody listens on any more is in the way of a new one. */
static bool is_stale(const struct sockaddr_un *address)
{
    int fd = socket(AF_UNIX, SOCKET_FLAGS, 0);

    if (fd < 0)
        return false;
    int refused = connect(fd, (const struct sockaddr *)address, sizeof *address) != 0 &&
                  errno == ECONNREFUSED;
    close(fd);
    return refused;
}

static enum status read_unix(const char *path, struct sockaddr_un *out, const char **why)
{
    *why = "the socket's path is missing or too long";
    if (path[0] == '\0' || strlen(path) >= sizeof out->sun_path)
        return ST_INVALID;
    *out = (struct sockaddr_un){ .sun_family = AF_UNIX };
    memcpy(out->sun_path, path, strlen(path) + 1);
    return ST_OK;
}

static enum status open_unix(const char *path, int *fd, const char **why)
{
    struct sockaddr_un address;

    if (read_unix(path, &address, why))
        return ST_INVALID;
    if (is_socket(path) && is_stale(&address))
        unlink(path);
    mode_t before = umask(0117);
    *fd = bind_and_listen(socket(AF_UNIX, SOCKET_FLAGS, 0), (struct sockaddr *)&address,
                          sizeof address);
    umask(before);
    *why = *fd < 0 ? strerror(errno) : NULL;
    return *fd < 0 ? ST_IO : ST_OK;
}

/* "host:port" or "[host]:port" in two texts. */
static enum status split(const char *where, char host[static HOST_MAX], const char **port)
{
    const char *end = where[0] == '[' ? strstr(where, "]:") : strrchr(where, ':');
    const char *start = where[0] == '[' ? where + 1 : where;

    if (!end || end == start || end - start >= HOST_MAX)
        return ST_INVALID;
    memcpy(host, start, (size_t)(end - start));
    host[end - start] = '\0';
    if (where[0] != '[' && strchr(host, ':'))
        return ST_INVALID; /* "::1:80" could be meant in two ways */
    *port = strrchr(where, ':') + 1;
    uint64_t number; /* getaddrinfo takes 65536 for 0 */
    return slice_to_u64(slice_of(*port), UINT16_MAX, &number);
}

static int open_address(const struct addrinfo *address)
{
    int fd = socket(address->ai_family, SOCKET_FLAGS, 0);
    const int on = 1, send_bytes = SEND_BYTES;

    if (fd >= 0) {
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
        /* What is accepted from it inherits this. By itself the system would keep megabytes of
         * answers for a peer who asks for more and more and reads none. */
        setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &send_bytes, sizeof send_bytes);
    }
    return bind_and_listen(fd, address->ai_addr, address->ai_addrlen);
}

/* The caller frees *out. */
static enum status read_tcp(const char *where, struct addrinfo **out, const char **why)
{
    const struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
                                    .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE };
    char host[HOST_MAX];
    const char *port;

    *why = "it is not like 127.0.0.1:8101, [::1]:8101 or unix:/path";
    if (split(where, host, &port) || getaddrinfo(host, port, &hints, out) != 0)
        return ST_INVALID;
    return ST_OK;
}

static enum status open_tcp(const char *where, int *fd, const char **why)
{
    struct addrinfo *found;

    if (read_tcp(where, &found, why))
        return ST_INVALID;
    *fd = open_address(found);
    freeaddrinfo(found);
    *why = *fd < 0 ? strerror(errno) : NULL;
    return *fd < 0 ? ST_IO : ST_OK;
}

/* The mode's word is behind the last space; without one, all is address. */
static enum proxy_mode split_word(const char *where, struct slice *address)
{
    const char *space = strrchr(where, ' ');
    enum proxy_mode mode;

    *address = slice_of(where);
    if (!space || proxy_mode_read(slice_of(space + 1), &mode))
        return PROXY_NONE;
    address->len = (size_t)(space - where);
    return mode;
}

struct slice listener_address(const char *where)
{
    struct slice address;

    split_word(where, &address);
    return address;
}

enum proxy_mode listener_proxy(const char *where)
{
    struct slice address;

    return split_word(where, &address);
}

static enum status copy_address(const char *where, char out[static WHERE_MAX], const char **why)
{
    *why = "it is too long";
    return slice_copy_text(listener_address(where), out, WHERE_MAX) ? ST_INVALID : ST_OK;
}

enum status listener_open(const char *where, int *fd, const char **why)
{
    char address[WHERE_MAX];

    if (copy_address(where, address, why))
        return ST_INVALID;
    if (strncmp(address, "unix:", 5) == 0)
        return open_unix(address + 5, fd, why);
    return open_tcp(address, fd, why);
}

enum status listener_check(const char *where, const char **why)
{
    char text[WHERE_MAX];
    struct sockaddr_un address;
    struct addrinfo *found;

    if (copy_address(where, text, why))
        return ST_INVALID;
    if (strncmp(text, "unix:", 5) == 0)
        return read_unix(text + 5, &address, why);
    enum status st = read_tcp(text, &found, why);
    if (!st)
        freeaddrinfo(found);
    return st;
}

uint16_t listener_port(int fd)
{
    struct sockaddr_storage address = { .ss_family = AF_UNSPEC };
    socklen_t len = sizeof address;

    if (getsockname(fd, (struct sockaddr *)&address, &len) != 0)
        return 0;
    if (address.ss_family == AF_INET)
        return ntohs(((struct sockaddr_in *)&address)->sin_port);
    if (address.ss_family == AF_INET6)
        return ntohs(((struct sockaddr_in6 *)&address)->sin6_port);
    return 0;
}
