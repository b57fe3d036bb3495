#include "device_line.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

enum { PATIENCE_MS = 5000 };

static int open_tcp(const char *port)
{
    const struct sockaddr_in to = { .sin_family = AF_INET,
                                    .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                                    .sin_port = htons((uint16_t)strtoul(port, NULL, 10)) };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd >= 0 && connect(fd, (const struct sockaddr *)&to, sizeof to) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

/* What an earlier conversation left on the line is not for us. */
static int open_serial(const char *path)
{
    int fd = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);
    struct termios raw;

    if (fd >= 0 && tcgetattr(fd, &raw) == 0) {
        cfmakeraw(&raw);
        (void)!tcsetattr(fd, TCSAFLUSH, &raw);
    }
    return fd;
}

static const struct {
    const char *prefix;
    int (*open)(const char *rest);
} kinds[] = { { "tcp:", open_tcp }, { "line:", open_serial } };

int device_line_open(const char *where)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        size_t len = strlen(kinds[i].prefix);
        if (strncmp(where, kinds[i].prefix, len) == 0)
            return kinds[i].open(where + len);
    }
    return -1;
}

bool device_line_send(int fd, const struct vouchsafe_grant_out *out)
{
    for (size_t done = 0; done < out->len;) {
        ssize_t n = write(fd, out->data + done, out->len - done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        done += (size_t)n;
    }
    return true;
}

size_t device_line_read(int fd, uint8_t *out, size_t cap)
{
    struct pollfd wait = { .fd = fd, .events = POLLIN };
    ssize_t n = poll(&wait, 1, PATIENCE_MS) == 1 ? read(fd, out, cap) : 0;

    return n > 0 ? (size_t)n : 0;
}
