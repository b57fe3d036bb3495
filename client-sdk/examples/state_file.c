#include "state_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static int path_of(char out[static PATH_MAX], const char *folder, const char *name)
{
    int n = snprintf(out, PATH_MAX, "%s/%s", folder, name);

    return n > 0 && n < PATH_MAX ? 0 : -1;
}

/* The bytes read, 0 if there is no such file, -1 on failure. */
static ssize_t read_file(const char *folder, const char *name, void *out, size_t cap)
{
    char path[PATH_MAX];

    if (path_of(path, folder, name))
        return -1;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? 0 : -1;
    ssize_t n = read(fd, out, cap);
    close(fd);
    return n;
}

/* Written under another name and renamed, so that a crash leaves a whole file or none. */
static int write_file(const char *folder, const char *name, const void *data, size_t len)
{
    char path[PATH_MAX], fresh[PATH_MAX], fresh_name[64];

    snprintf(fresh_name, sizeof fresh_name, "%s.new", name);
    if (path_of(path, folder, name) || path_of(fresh, folder, fresh_name))
        return -1;
    if (mkdir(folder, 0700) != 0 && errno != EEXIST)
        return -1;
    int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        return -1;
    int bad = write(fd, data, len) != (ssize_t)len || fsync(fd) != 0;
    close(fd);
    return bad || rename(fresh, path) != 0 ? -1 : 0;
}

int state_key_load(void *folder, uint8_t key[VOUCHSAFE_KEY_LEN])
{
    ssize_t n = read_file(folder, "instance.key", key, VOUCHSAFE_KEY_LEN);

    if (n == 0)
        return 0;
    return n == VOUCHSAFE_KEY_LEN ? 1 : -1;
}

int state_key_save(void *folder, const uint8_t key[VOUCHSAFE_KEY_LEN])
{
    return write_file(folder, "instance.key", key, VOUCHSAFE_KEY_LEN);
}

void state_pins_save(void *folder, const uint8_t (*pins)[32], size_t count)
{
    if (write_file(folder, "pins", pins, 32 * count))
        fputs("the delivered pins could not be kept\n", stderr);
}

size_t state_pins_load(const char *folder, uint8_t pins[VOUCHSAFE_PINS_MAX][32])
{
    ssize_t n = read_file(folder, "pins", pins, (size_t)32 * VOUCHSAFE_PINS_MAX);

    return n > 0 ? (size_t)n / 32 : 0;
}
