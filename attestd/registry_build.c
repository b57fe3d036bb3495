#include "registry_build.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config.h"
#include "imports.h"
#include "registry_app.h"

static cfg_opt_t module_opts[] = { CFG_STR("file", NULL, CFGF_NONE), CFG_END() };
static cfg_opt_t build_opts[] = { CFG_STR("label", "", CFGF_NONE),
                                  CFG_STR("state", "active", CFGF_NONE),
                                  CFG_SEC("module", module_opts, CFGF_TITLE | CFGF_MULTI),
                                  CFG_END() };

static enum status map_file(const char *path, struct slice *out)
{
    struct stat info;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

    if (fd < 0)
        return errno == ENOENT ? ST_NOT_FOUND : ST_IO;
    enum status st = fstat(fd, &info) == 0 && S_ISREG(info.st_mode) ? ST_OK : ST_IO;
    if (!st && info.st_size == 0)
        st = ST_INVALID;
    void *bytes = st ? MAP_FAILED : mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    close(fd);
    if (bytes == MAP_FAILED)
        return st ? st : ST_IO;
    *out = (struct slice){ bytes, (size_t)info.st_size };
    return ST_OK;
}

void module_close(struct module *m)
{
    if (m->file.data)
        munmap((void *)m->file.data, m->file.len);
    m->file = (struct slice){ NULL, 0 };
}

enum status module_open(const char *path, const char *name, struct module *out, char *why,
                        size_t why_cap)
{
    const char *reason = "it cannot be read";

    out->file = (struct slice){ NULL, 0 };
    enum status st = slice_copy_text(slice_of(name), out->name, sizeof out->name);
    if (st)
        reason = "its name is too long";
    else
        st = map_file(path, &out->file);
    if (!st)
        st = elf_image_read(out->file, &out->image, &reason);
    if (!st && out->file.len / PROBE_BLOCK_LEN >= UINT32_MAX) {
        reason = "it is too large";
        st = ST_TOO_LARGE;
    }
    if (st) {
        snprintf(why, why_cap, "%s: %s", path, reason);
        module_close(out);
    }
    return st;
}

static enum status read_module(const char *folder, cfg_t *section, struct build *out, char *why,
                               size_t why_cap)
{
    const char *file = cfg_getstr(section, "file");
    char path[PATH_MAX];

    if (out->module_count == MODULES_MAX || !file || strchr(file, '/')) {
        snprintf(why, why_cap, "%s/build.conf: too many modules, or one without a plain file",
                 folder);
        return ST_INVALID;
    }
    snprintf(path, sizeof path, "%s/%s", folder, file);
    enum status st = registry_check_private(path, why, why_cap);
    if (!st)
        st = module_open(path, cfg_title(section), &out->modules[out->module_count], why, why_cap);
    if (!st)
        out->module_count++;
    return st;
}

static enum status read_modules(const char *folder, cfg_t *cfg, struct build *out, char *why,
                                size_t why_cap)
{
    for (unsigned i = 0; i < cfg_size(cfg, "module"); i++) {
        enum status st = read_module(folder, cfg_getnsec(cfg, "module", i), out, why, why_cap);
        if (st)
            return st;
    }
    if (out->module_count && build_id_equal(&out->id, &out->modules[0].image.build_id))
        return ST_OK;
    snprintf(why, why_cap, "%s: its first module is not the build that the folder is named after",
             folder);
    return ST_INVALID;
}

static enum status read_settings(const char *folder, cfg_t *cfg, struct build *out, char *why,
                                 size_t why_cap)
{
    if (slice_copy_text(slice_of(cfg_getstr(cfg, "label")), out->label, sizeof out->label) ||
        build_state_read(cfg_getstr(cfg, "state"), &out->state)) {
        snprintf(why, why_cap, "%s/build.conf: bad label or state", folder);
        return ST_INVALID;
    }
    return read_modules(folder, cfg, out, why, why_cap);
}

enum status registry_build_read(const char *folder, const char *name, struct build *out, char *why,
                                size_t why_cap)
{
    char path[PATH_MAX];
    cfg_t *cfg;

    *out = (struct build){ 0 };
    if (build_id_read(slice_of(name), &out->id)) {
        snprintf(why, why_cap, "%s: not a build-id", folder);
        return ST_INVALID;
    }
    snprintf(path, sizeof path, "%s/build.conf", folder);
    enum status st = registry_check_private(path, why, why_cap);
    if (!st)
        st = config_parse(path, build_opts, &cfg, why, why_cap);
    if (st)
        return st;
    st = read_settings(folder, cfg, out, why, why_cap);
    cfg_free(cfg);
    if (st)
        registry_build_clear(out);
    return st;
}

/* Two threads may both be first: the later one's is not kept. Without memory for it there is no
 * telling what to ask, and whoever supervises the process starts it anew. */
const struct imports *build_imports(const struct build *build)
{
    struct imports *_Atomic *kept = &((struct build *)build)->imports;
    struct imports *known = atomic_load_explicit(kept, memory_order_acquire), *made;

    if (known)
        return known;
    if (imports_new(build, &made))
        abort();
    if (atomic_compare_exchange_strong_explicit(kept, &known, made, memory_order_acq_rel,
                                                memory_order_acquire))
        return made;
    imports_free(made);
    return known;
}

void registry_build_clear(struct build *build)
{
    imports_free(build->imports);
    build->imports = NULL;
    while (build->module_count)
        module_close(&build->modules[--build->module_count]);
}
