#include "origin.h"

/* Of the kernel's names of files: canonical, and with " (deleted)" behind what is gone, as a
 * library is that was upgraded meanwhile. /usr/local is not among them: on Debian staff may write
 * there. */
static const char *const system_folders[] = {
    "/usr/lib/", "/usr/lib64/", "/usr/lib32/", "/usr/libx32/",
    "/lib/",     "/lib64/",     "/lib32/",     "/libx32/",
};

static bool is_in_system(struct slice path)
{
    for (size_t i = 0; i < sizeof system_folders / sizeof system_folders[0]; i++)
        if (slice_starts_with(path, system_folders[i]))
            return true;
    return false;
}

enum origin origin_of(const struct build *build, const struct build_id *id, struct slice path,
                      size_t *module)
{
    for (size_t i = 0; i < build->module_count && id->len; i++)
        if (build_id_equal(id, &build->modules[i].image.build_id)) {
            *module = i;
            return ORIGIN_REGISTERED;
        }
    if (slice_is(path, "[vdso]") || slice_is(path, "[vsyscall]"))
        return ORIGIN_KERNEL;
    if (!slice_starts_with(path, "/"))
        return ORIGIN_NONE;
    return is_in_system(path) ? ORIGIN_SYSTEM : ORIGIN_FOREIGN;
}
