#include "registry_write.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "atomic_file.h"
#include "elf_dynamic.h"
#include "registry_app.h"
#include "registry_build.h"
#include "registry_change.h"
#include "registry_conf.h"

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

/* --- a new build --- */

static enum status copy_module(const char *folder, size_t n, const struct module *module, char *why,
                               size_t why_cap)
{
    char path[PATH_MAX];

    if (path_join(path, folder, registry_image_name(n).text))
        return change_refused(ST_TOO_LARGE, why, why_cap, folder, "the path is too long");
    if (atomic_file_write(path, module->file))
        return change_refused(ST_IO, why, why_cap, path, strerror(errno));
    return ST_OK;
}

static enum status fill_build(const char *folder, const struct build *build, char *why,
                              size_t why_cap)
{
    for (size_t i = 0; i < build->module_count; i++) {
        enum status st = copy_module(folder, i, &build->modules[i], why, why_cap);
        if (st)
            return st;
    }
    return registry_conf_write_build(folder, build, why, why_cap);
}

/* A finished folder takes the place of an old one of the same build, if there is one. */
static enum status place_build(const char *hidden, const char *place, char *why, size_t why_cap)
{
    enum status st = atomic_file_move(hidden, place);

    if (!st)
        return ST_OK;
    if (st != ST_EXISTS)
        return change_refused(st, why, why_cap, place, strerror(errno));
    /* Exchanged in one step: readers see the one or the other. */
    if (renameat2(AT_FDCWD, hidden, AT_FDCWD, place, RENAME_EXCHANGE) != 0)
        return change_refused(ST_IO, why, why_cap, place, strerror(errno));
    folder_remove_tree(hidden);
    return ST_OK;
}

/* Daemons find out when they are asked for imports first; here somebody can be told. */
static enum status check_imports(const char *path, const struct module *module, char *why,
                                 size_t why_cap)
{
    struct elf_dynamic dynamic;
    const char *reason;
    enum status st = elf_dynamic_read(module->file, &dynamic, &reason);

    return st ? change_refused(st, why, why_cap, path, reason) : ST_OK;
}

static enum status open_file(const char *path, struct build *out, char *why, size_t why_cap)
{
    struct module *module = &out->modules[out->module_count];

    if (!is_one_line(base_name(path)) || strchr(base_name(path), '"'))
        return change_refused(ST_INVALID, why, why_cap, path, "a file name of odd characters");
    enum status st = module_open(path, base_name(path), module, why, why_cap);
    if (st)
        return st;
    out->module_count++; /* registry_build_clear closes it, whatever comes */
    return check_imports(path, module, why, why_cap);
}

static enum status open_files(const char *const *files, size_t count, struct build *out, char *why,
                              size_t why_cap)
{
    if (count > MODULES_MAX)
        return change_refused(ST_TOO_LARGE, why, why_cap, files[0], "too many modules");
    enum status st = build_make_room(out, count);
    if (st)
        return change_refused(st, why, why_cap, files[0], "no memory");
    for (size_t i = 0; i < count && !st; i++)
        st = open_file(files[i], out, why, why_cap);
    if (!st)
        out->id = out->modules[0].image.build_id;
    return st;
}

/* What is registered under this build-id keeps its state. One that cannot be read may have been
 * revoked. */
static enum status keep_state(const char *place, const char *name, struct build *build, char *why,
                              size_t why_cap)
{
    struct build former;

    if (access(place, F_OK) != 0)
        return ST_OK;
    enum status st = registry_build_read(place, name, NULL, &former, why, why_cap);
    if (st)
        return st;
    build->state = former.state;
    registry_build_clear(&former);
    if (build->state != BUILD_REVOKED)
        return ST_OK;
    return change_refused(ST_DENIED, why, why_cap, name,
                          "this build is revoked; \"build activate\" lets it pass again");
}

static enum status store_build(const char *app, struct build *build, char *why, size_t why_cap)
{
    struct build_id_text id = build_id_text(&build->id);
    char builds[PATH_MAX], hidden[PATH_MAX], place[PATH_MAX];

    if (path_join(builds, app, "builds") || path_join(place, builds, id.text))
        return change_refused(ST_TOO_LARGE, why, why_cap, app, "the path is too long");
    enum status st = keep_state(place, id.text, build, why, why_cap);
    if (!st)
        st = folder_make_hidden(builds, hidden, why, why_cap);
    if (st)
        return st;
    st = fill_build(hidden, build, why, why_cap);
    if (!st)
        st = place_build(hidden, place, why, why_cap);
    if (st)
        folder_remove_tree(hidden);
    return st;
}

/* The files are opened before it takes the turn that others wait for. */
static enum status add_build(const char *registry, const char *client_id, struct build *build,
                             char *why, size_t why_cap)
{
    struct registry_change change;
    enum status st = registry_change_app(registry, client_id, &change, why, why_cap);

    if (st)
        return st;
    st = store_build(change.app, build, why, why_cap);
    registry_change_end(&change);
    return st;
}

enum status registry_add_build(const char *registry, const char *client_id, const char *label,
                               const char *const *files, size_t file_count, struct added_build *out,
                               char *why, size_t why_cap)
{
    struct build build = { .state = BUILD_ACTIVE };
    enum status st = ST_OK;

    if (!is_one_line(label) || slice_copy_text(slice_of(label), build.label, sizeof build.label))
        st = change_refused(ST_INVALID, why, why_cap, label,
                            "a label is a line of at most 64 bytes");
    if (!st)
        st = open_files(files, file_count, &build, why, why_cap);
    if (!st)
        st = add_build(registry, client_id, &build, why, why_cap);
    *out = (struct added_build){ build.id, build.state };
    registry_build_clear(&build);
    return st;
}

/* --- a build that is there --- */

/* Its folder, in an app's. */
static enum status find_build(const char *app, const char *name, char out[static PATH_MAX],
                              char *why, size_t why_cap)
{
    char builds[PATH_MAX];
    struct build_id id;

    if (build_id_read(slice_of(name), &id) || path_join(builds, app, "builds") ||
        path_join(out, builds, name) || access(out, F_OK) != 0)
        return change_refused(ST_NOT_FOUND, why, why_cap, name, "no such build is registered");
    return ST_OK;
}

static enum status write_state(const char *app, const char *name, enum build_state state, char *why,
                               size_t why_cap)
{
    char folder[PATH_MAX];
    struct build build;
    enum status st = find_build(app, name, folder, why, why_cap);

    if (!st)
        st = registry_build_read(folder, name, NULL, &build, why, why_cap);
    if (st)
        return st;
    build.state = state;
    st = registry_conf_write_build(folder, &build, why, why_cap);
    registry_build_clear(&build);
    return st;
}

enum status registry_set_state(const char *registry, const char *client_id, const char *name,
                               enum build_state state, char *why, size_t why_cap)
{
    struct registry_change change;
    enum status st = registry_change_app(registry, client_id, &change, why, why_cap);

    if (st)
        return st;
    st = write_state(change.app, name, state, why, why_cap);
    registry_change_end(&change);
    return st;
}

static enum status retire_build(const char *app, const char *name, char *why, size_t why_cap)
{
    char builds[PATH_MAX], folder[PATH_MAX];
    enum status st = find_build(app, name, folder, why, why_cap);

    if (!st)
        st = path_join(builds, app, "builds");
    return st ? st : folder_retire(builds, folder, why, why_cap);
}

enum status registry_remove_build(const char *registry, const char *client_id, const char *name,
                                  char *why, size_t why_cap)
{
    struct registry_change change;
    enum status st = registry_change_app(registry, client_id, &change, why, why_cap);

    if (st)
        return st;
    st = retire_build(change.app, name, why, why_cap);
    registry_change_end(&change);
    return st;
}
