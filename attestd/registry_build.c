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

#include "imports.h"
#include "record.h"
#include "registry_private.h"

enum { WINDOW_LEN = 4096 };

/* --- modules --- */

static enum status refuse_module(enum status st, const char *path, const char *reason, char *why,
                                 size_t why_cap)
{
    snprintf(why, why_cap, "%s: %s", path, reason);
    return st;
}

struct file_window {
    struct elf_window window;
    int fd;
    uint8_t room[WINDOW_LEN];
};

static bool move_window(struct elf_window *window, uint64_t from)
{
    struct file_window *w = (struct file_window *)window;
    ssize_t n = pread(w->fd, w->room, sizeof w->room, (off_t)from);

    window->at = from;
    window->bytes = (struct slice){ w->room, n > 0 ? (size_t)n : 0 };
    return n > 0;
}

/* By pread, not through the mapping: its first use costs thirty times as much, and most builds of
 * thousands are not asked for soon. */
static enum status read_image(int fd, size_t size, struct elf_image *out, const char **reason)
{
    struct file_window w = { .window = { .file_len = size, .move = move_window }, .fd = fd };

    return elf_image_read_window(&w.window, out, reason);
}

static enum status map_file(int fd, size_t size, struct slice *out)
{
    out->data = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (out->data == MAP_FAILED) {
        out->data = NULL;
        return ST_IO;
    }
    out->len = size;
    return ST_OK;
}

static enum status take_file(int fd, size_t size, struct module *out, const char **reason)
{
    *reason = "it cannot be read";
    if (size == 0)
        return ST_INVALID;
    enum status st = read_image(fd, size, &out->image, reason);
    if (st)
        return st;
    *reason = "it is too large";
    if (size / PROBE_BLOCK_LEN >= UINT32_MAX)
        return ST_TOO_LARGE;
    *reason = "it cannot be mapped";
    return map_file(fd, size, &out->file);
}

/* Of an open file. */
static enum status module_take(int fd, size_t size, const char *path, const char *name,
                               struct module *out, char *why, size_t why_cap)
{
    const char *reason = "its name is too long";

    *out = (struct module){ .file = { NULL, 0 } };
    enum status st = slice_copy_text(slice_of(name), out->name, sizeof out->name);
    if (!st)
        st = take_file(fd, size, out, &reason);
    return st ? refuse_module(st, path, reason, why, why_cap) : ST_OK;
}

static void module_close(struct module *m)
{
    if (m->file.data)
        munmap((void *)m->file.data, m->file.len);
}

enum status module_open(const char *path, const char *name, struct module *out, char *why,
                        size_t why_cap)
{
    struct stat info;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

    if (fd < 0)
        return refuse_module(errno == ENOENT ? ST_NOT_FOUND : ST_IO, path, "it cannot be read", why,
                             why_cap);
    enum status st = ST_IO;
    if (fstat(fd, &info) == 0 && S_ISREG(info.st_mode))
        st = module_take(fd, (size_t)info.st_size, path, name, out, why, why_cap);
    else
        (void)refuse_module(st, path, "it is no file", why, why_cap);
    close(fd);
    return st;
}

enum status build_make_room(struct build *build, size_t modules)
{
    build->modules = calloc(modules + 1, sizeof *build->modules);
    return build->modules ? ST_OK : ST_NO_MEMORY;
}

/* --- build.conf --- */

enum { LABEL, STATE, MODULE };

static const struct record_key module_keys[] = { { "file", RECORD_TEXT, NULL }, { .name = NULL } };
static const struct record_key build_keys[] = {
    [LABEL] = { "label", RECORD_TEXT, NULL },
    [STATE] = { "state", RECORD_TEXT, NULL },
    [MODULE] = { "module", RECORD_SECTION, module_keys },
    { .name = NULL },
};

/* What it says of the modules, in its text. */
struct conf {
    struct record_text text;
    struct build *build;
    size_t count;
    struct {
        const char *name, *file;
    } modules[MODULES_MAX];
};

static enum status take_module(struct conf *conf, const struct record_item *item, char *why,
                               size_t why_cap)
{
    const char *file = item->inner[0].text;

    if (conf->count == MODULES_MAX || !file || strchr(file, '/')) {
        snprintf(why, why_cap, "too many modules, or one without a plain file");
        return ST_INVALID;
    }
    conf->modules[conf->count].name = item->title;
    conf->modules[conf->count++].file = file;
    return ST_OK;
}

static enum status take_item(void *arg, const struct record_item *item, char *why, size_t why_cap)
{
    struct conf *conf = arg;
    struct build *build = conf->build;
    bool ok = true;

    if (item->key == MODULE)
        return take_module(conf, item, why, why_cap);
    if (item->key == LABEL)
        ok = !slice_copy_text(slice_of(item->value.text), build->label, sizeof build->label);
    else
        ok = !build_state_read(item->value.text, &build->state);
    if (ok)
        return ST_OK;
    snprintf(why, why_cap, "bad label or state");
    return ST_INVALID;
}

static enum status read_conf(const char *folder, struct sources *sources, struct conf *out,
                             char *why, size_t why_cap)
{
    char path[PATH_MAX];
    size_t size;
    int fd;

    snprintf(path, sizeof path, "%s/build.conf", folder);
    enum status st = registry_open(path, sources, &fd, &size, why, why_cap);
    if (st)
        return st;
    st = record_load(fd, size, path, &out->text, why, why_cap);
    close(fd);
    return st ? st : record_parse(&out->text, path, build_keys, take_item, out, why, why_cap);
}

/* --- its folder --- */

static enum status read_module(const char *path, const char *name, struct sources *sources,
                               struct build *out, char *why, size_t why_cap)
{
    size_t size;
    int fd;
    enum status st = registry_open(path, sources, &fd, &size, why, why_cap);

    if (st)
        return st;
    st = module_take(fd, size, path, name, &out->modules[out->module_count], why, why_cap);
    close(fd);
    if (!st)
        out->module_count++;
    return st;
}

static enum status read_modules(const char *folder, const struct conf *conf,
                                struct sources *sources, char *why, size_t why_cap)
{
    struct build *build = conf->build;
    char path[PATH_MAX];
    enum status st = build_make_room(build, conf->count);

    for (size_t i = 0; i < conf->count && !st; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, conf->modules[i].file);
        st = read_module(path, conf->modules[i].name, sources, build, why, why_cap);
    }
    if (st ||
        (build->module_count && build_id_equal(&build->id, &build->modules[0].image.build_id)))
        return st;
    return refuse_module(ST_INVALID, folder,
                         "its first module is not the build that the folder is named after", why,
                         why_cap);
}

enum status registry_build_read(const char *folder, const char *name, struct sources *sources,
                                struct build *out, char *why, size_t why_cap)
{
    struct conf conf;

    *out = (struct build){ .state = BUILD_ACTIVE };
    conf.build = out;
    conf.count = 0;
    if (build_id_read(slice_of(name), &out->id))
        return refuse_module(ST_INVALID, folder, "not a build-id", why, why_cap);
    enum status st = read_conf(folder, sources, &conf, why, why_cap);
    if (!st)
        st = read_modules(folder, &conf, sources, why, why_cap);
    if (st)
        registry_build_clear(out);
    return st;
}

/* --- its imports --- */

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
    while (build->module_count)
        module_close(&build->modules[--build->module_count]);
    free(build->modules);
    build->imports = NULL;
    build->modules = NULL;
}
