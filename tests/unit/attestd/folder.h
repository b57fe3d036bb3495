/* folder: a registry in a fresh folder, with one app and this test's own executable as its build.
 */
#pragma once
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "registry_write.h"

#define SECRET "0123456789abcdef0123456789abcdef0123456789a"
#define SELF   "/proc/self/exe"

static char folder[64], binary[96], why[WHY_MAX];
static struct build_id build_id;
static struct added_build added;

static inline enum status add_app(const char *id)
{
    const struct new_app app = { id, "An \"app\"", 300, SLICE_LIT(SECRET), JWT_HS256 };

    return registry_add_app(folder, &app, 1000, why, sizeof why);
}

static inline void copy_self(void)
{
    char command[200];

    snprintf(binary, sizeof binary, "%s-app", folder);
    snprintf(command, sizeof command, "cp /proc/%d/exe %s", (int)getpid(), binary);
    cr_assert_eq(system(command), 0);
}

/* An empty registry folder. */
static inline void folder_make(void)
{
    umask(077);
    strcpy(folder, "/tmp/vouchsafe-registry-XXXXXX");
    cr_assert_not_null(mkdtemp(folder));
    copy_self();
}

/* ... with the app "app" and its build. */
static inline void folder_fill(void)
{
    const char *const files[] = { binary };

    folder_make();
    cr_assert_eq(add_app("app"), ST_OK, "%s", why);
    cr_assert_eq(registry_add_build(folder, "app", "1.0", files, 1, &added, why, sizeof why), ST_OK,
                 "%s", why);
    build_id = added.id;
}

static inline void folder_remove(void)
{
    char command[200];

    snprintf(command, sizeof command, "rm -rf %s %s", folder, binary);
    cr_assert_eq(system(command), 0);
}

static inline struct registry *folder_read(void)
{
    struct registry *registry;

    cr_assert_eq(registry_read(folder, &registry, why, sizeof why), ST_OK, "%s", why);
    return registry;
}
