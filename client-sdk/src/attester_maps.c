#include <string.h>
#include <sys/auxv.h>

#include "attester.h"
#include "plain.h"
#include "report.h"
#include "self_maps.h"

enum { PIECE = 4096, ENTRIES = 64, PATH_CAP = 4096 };

/* Linux, Documentation/admin-guide/mm/pagemap.rst */
static const uint64_t PRESENT = 1ull << 63, SWAPPED = 1ull << 62, OF_FILE = 1ull << 61;

/* Open files that tell of this process's pages; negative where the system has no such file. */
struct looking {
    int pagemap, memory;
    size_t page;
};

/* Whether the pages at from..from+len are as the file has them, zeros after its end. */
static bool is_as_file(const struct looking *l, const struct maps_entry *e, int file,
                       uintptr_t from, size_t len)
{
    for (size_t at = 0; at < len; at += PIECE) {
        uint8_t mapped[PIECE], kept[PIECE];
        memset(kept, 0, sizeof kept);
        if (plain_pread(l->memory, mapped, PIECE, from + at) != PIECE ||
            plain_pread(file, kept, PIECE, e->offset + (from + at - e->start)) < 0 ||
            memcmp(mapped, kept, PIECE) != 0)
            return false;
    }
    return true;
}

/* A page that the process has for itself is not the file's any more: somebody has written to it.
 * Whether it was put back (as debuggers do) the file tells. */
static bool is_private(uint64_t entry)
{
    return entry & (PRESENT | SWAPPED) && !(entry & OF_FILE);
}

/* The first page that the process has for itself from there on, or e->end. */
static uintptr_t next_private(const struct looking *l, const struct maps_entry *e, uintptr_t from)
{
    uint64_t entries[ENTRIES];

    while (from < e->end) {
        size_t pages = (e->end - from) / l->page, count = pages < ENTRIES ? pages : ENTRIES;
        ssize_t len = (ssize_t)(count * sizeof entries[0]);
        if (plain_pread(l->pagemap, entries, (size_t)len, from / l->page * sizeof entries[0]) !=
            len)
            return from;
        for (size_t i = 0; i < count; i++, from += l->page)
            if (is_private(entries[i]))
                return from;
    }
    return e->end;
}

static int open_path(struct slice path)
{
    char text[PATH_CAP];

    return slice_copy_text(path, text, sizeof text) ? -1 : plain_open(text);
}

static bool is_altered_file(const struct looking *l, const struct maps_entry *e)
{
    uintptr_t at = l->pagemap < 0 ? e->start : next_private(l, e, e->start);

    if (at == e->end)
        return false;
    int file = open_path(e->path);
    if (file < 0)
        return true;
    bool same = true;
    while (same && at < e->end) {
        same = is_as_file(l, e, file, at, l->page);
        at += l->page;
        if (l->pagemap >= 0)
            at = next_private(l, e, at);
    }
    plain_close(file);
    return !same;
}

/* Of code that came from somewhere else there is nothing to compare with: what the kernel put there
 * ("[vdso]") is the kernel's page until somebody writes to it. */
static bool is_altered(const struct looking *l, const struct maps_entry *e)
{
    if (e->path.len && e->path.data[0] == '/')
        return is_altered_file(l, e);
    return l->pagemap >= 0 && slice_is(e->path, "[vdso]") && next_private(l, e, e->start) < e->end;
}

static struct report_mapping mapping_of(const struct looking *l, const struct maps_entry *e)
{
    struct self_module module = { .build_id.len = 0 };

    self_find(e->start, &module);
    return (struct report_mapping){ .readable = e->readable,
                                    .writable = e->writable,
                                    .shared = e->shared,
                                    .altered = is_altered(l, e),
                                    .bytes = e->end - e->start,
                                    .build_id = module.build_id,
                                    .path = e->path.len ? e->path : SLICE_LIT("[anonymous]") };
}

static enum status write_all(const struct looking *l, struct maps_reader *maps, struct writer *w)
{
    struct maps_entry entry;
    enum status st;

    while (!(st = maps_next(maps, &entry)))
        if (entry.executable) {
            struct report_mapping mapping = mapping_of(l, &entry);
            report_mapping_write(w, &mapping);
        }
    return st == ST_NOT_FOUND ? ST_OK : ST_IO;
}

enum status attester_maps(const struct probe *probe, struct writer *report)
{
    struct looking l = { plain_open("/proc/self/pagemap"), plain_open("/proc/self/mem"),
                         getauxval(AT_PAGESZ) };
    struct maps_reader maps;
    enum status st = maps_open(&maps);

    (void)probe;
    if (!st) {
        st = write_all(&l, &maps, report);
        maps_close(&maps);
    }
    if (l.pagemap >= 0)
        plain_close(l.pagemap);
    if (l.memory >= 0)
        plain_close(l.memory);
    return st;
}
