#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "confine_private.h"

/* Rights newer than the headers of Debian 12, by the version of the interface that has them. */
#define RIGHT_REFER     (1u << 13) /* 2 */
#define RIGHT_TRUNCATE  (1u << 14) /* 3 */
#define RIGHT_IOCTL_DEV (1u << 15) /* 5 */
#define RIGHTS_OF_1     ((1u << 13) - 1)

#define RIGHTS_READ (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define RIGHTS_WRITE                                                                               \
    (RIGHTS_READ | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG |                   \
     LANDLOCK_ACCESS_FS_REMOVE_FILE | RIGHT_TRUNCATE | RIGHT_REFER)
/* What a rule about a file, and no folder, may say. */
#define RIGHTS_OF_FILE                                                                             \
    (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | RIGHT_TRUNCATE)

static uint64_t rights_of(long version)
{
    uint64_t rights = RIGHTS_OF_1;

    if (version >= 2)
        rights |= RIGHT_REFER;
    if (version >= 3)
        rights |= RIGHT_TRUNCATE;
    if (version >= 5)
        rights |= RIGHT_IOCTL_DEV;
    return rights;
}

static long version_of_kernel(void)
{
    return syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
}

enum status confine_files_begin(int *rules)
{
    long version = version_of_kernel();

    if (version < 1)
        return ST_UNSUPPORTED;
    const struct landlock_ruleset_attr attr = { .handled_access_fs = rights_of(version) };
    *rules = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof attr, 0);
    return *rules < 0 ? ST_UNSUPPORTED : ST_OK;
}

static void allow(int rules, const char *path, uint64_t rights)
{
    struct landlock_path_beneath_attr rule = { .parent_fd = open(path, O_PATH | O_CLOEXEC) };
    struct stat info;

    if (rule.parent_fd < 0)
        return;
    if (fstat(rule.parent_fd, &info) == 0) {
        rule.allowed_access = rights & rights_of(version_of_kernel());
        if (!S_ISDIR(info.st_mode))
            rule.allowed_access &= RIGHTS_OF_FILE;
        (void)syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
    }
    close(rule.parent_fd);
}

void confine_files_read(int rules, const char *path)
{
    allow(rules, path, RIGHTS_READ);
}

void confine_files_write(int rules, const char *folder)
{
    allow(rules, folder, RIGHTS_WRITE);
}

enum status confine_files_end(int rules, bool bind)
{
    long failed = bind ? syscall(SYS_landlock_restrict_self, rules, 0) : 0;

    close(rules);
    return failed ? ST_UNSUPPORTED : ST_OK;
}
