#include "key_file.h"

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

int key_file_load(void *folder, uint8_t key[VOUCHSAFE_KEY_LEN])
{
    char path[PATH_MAX];

    if (path_of(path, folder, "instance.key"))
        return -1;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? 0 : -1;
    ssize_t n = read(fd, key, VOUCHSAFE_KEY_LEN);
    close(fd);
    return n == VOUCHSAFE_KEY_LEN ? 1 : -1;
}

/* Written under another name and renamed, so that a crash leaves a whole key or none. */
int key_file_save(void *folder, const uint8_t key[VOUCHSAFE_KEY_LEN])
{
    char path[PATH_MAX], fresh[PATH_MAX];

    if (path_of(path, folder, "instance.key") || path_of(fresh, folder, "instance.key.new"))
        return -1;
    if (mkdir(folder, 0700) != 0 && errno != EEXIST)
        return -1;
    int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        return -1;
    int bad = write(fd, key, VOUCHSAFE_KEY_LEN) != VOUCHSAFE_KEY_LEN || fsync(fd) != 0;
    close(fd);
    return bad || rename(fresh, path) != 0 ? -1 : 0;
}
