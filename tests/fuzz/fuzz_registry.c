/* attestd's registry, as somebody has edited it by hand: one of its text files is the input, which
 * the first byte chooses. It is read whole, or refused with a reason that names a file. */
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuzz.h"
#include "registry_write.h"

enum { FILES_MAX = 16, TEXT_MAX = 16384 };
#define SECRET "0123456789abcdef0123456789abcdef0123456789a"

static char folder[] = "/tmp/vouchsafe-fuzz-registry-XXXXXX";
static struct file {
    char path[512], text[TEXT_MAX];
    size_t len;
} files[FILES_MAX];
static size_t file_count;

static void remove_folder(void)
{
    char command[128];

    snprintf(command, sizeof command, "rm -rf %s", folder);
    (void)!system(command);
}

static void write_file(const struct file *file, const void *data, size_t len)
{
    FILE *f = fopen(file->path, "w");

    MUST(f && fwrite(data, 1, len, f) == len && fclose(f) == 0);
}

/* What is no text, such as the app's images, has targets of its own. */
static int keep_text(const char *path, const struct stat *info, int kind, struct FTW *where)
{
    struct file *file = &files[file_count];

    (void)where;
    if (kind != FTW_F || info->st_size > TEXT_MAX || file_count == FILES_MAX)
        return 0;
    FILE *f = fopen(path, "r");
    MUST(f && strlen(path) < sizeof file->path);
    strcpy(file->path, path);
    file->len = fread(file->text, 1, sizeof file->text, f);
    fclose(f);
    file_count++;
    return 0;
}

static int by_path(const void *a, const void *b)
{
    return strcmp(((const struct file *)a)->path, ((const struct file *)b)->path);
}

static enum status read_all(void)
{
    char why[WHY_MAX] = "";
    struct registry *registry;

    enum status st = registry_read(folder, &registry, why, sizeof why);
    if (st) {
        MUST(why[0]);
        return st;
    }
    const struct app *app = registry_app(registry, SLICE_LIT("app"));
    for (size_t i = 0; app && i < app->build_count; i++)
        MUST(app_build(app, &app->builds[i].id) == &app->builds[i]);
    registry_free(registry);
    return ST_OK;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    const struct new_app app = { "app", "An app", 300, SLICE_LIT(SECRET), JWT_HS256 };
    char why[WHY_MAX], *self = realpath("/proc/self/exe", NULL);
    const char *const images[] = { self };
    struct added_build added;

    (void)argc, (void)argv;
    umask(077);
    MUST(self && mkdtemp(folder) && atexit(remove_folder) == 0);
    MUST(registry_add_app(folder, &app, 1000, why, sizeof why) == ST_OK);
    MUST(registry_add_build(folder, "app", "1.0", images, 1, &added, why, sizeof why) == ST_OK);
    MUST(nftw(folder, keep_text, 8, FTW_PHYS) == 0 && file_count > 1);
    qsort(files, file_count, sizeof files[0], by_path);
    MUST(read_all() == ST_OK);
    free(self);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    if (len == 0 || len > TEXT_MAX)
        return 0;
    const struct file *file = &files[data[0] % file_count];
    write_file(file, data + 1, len - 1);
    (void)!read_all();
    write_file(file, file->text, file->len);
    return 0;
}
