#include "self_maps.h"

#include <criterion/criterion.h>
#include <string.h>
#include <sys/mman.h>

static enum status read_line(const char *line, struct maps_entry *out)
{
    return maps_line_read(slice_of(line), out);
}

Test(self_maps, lines_as_the_kernel_writes_them)
{
    struct maps_entry e;

    cr_assert_eq(read_line("7f00aa000000-7f00aa002000 r-xp 0001c000 fe:01 1048602                "
                           "    /usr/lib/x.so.1",
                           &e),
                 ST_OK);
    cr_assert(e.start == 0x7f00aa000000 && e.end == 0x7f00aa002000 && e.offset == 0x1c000);
    cr_assert(e.readable && !e.writable && e.executable && !e.shared);
    cr_assert(slice_is(e.path, "/usr/lib/x.so.1"));
    cr_assert_eq(read_line("00400000-00401000 rw-s 00000000 00:05 7 /a b (deleted)", &e), ST_OK);
    cr_assert(e.writable && e.shared && !e.executable);
    cr_assert(slice_is(e.path, "/a b (deleted)"));
    cr_assert_eq(read_line("ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0     "
                           "             [vsyscall]",
                           &e),
                 ST_OK);
    cr_assert(e.executable && !e.readable);
    cr_assert_eq(read_line("1000-2000 rwxp 00000000 00:00 0 ", &e), ST_OK);
    cr_assert_eq(e.path.len, 0);
    cr_assert_eq(read_line("1000-2000 rwxp 00000000 00:00 0", &e), ST_OK);
}

Test(self_maps, lines_that_are_none)
{
    static const char *const bad[] = {
        "",
        " ",
        "-",
        "1000",
        "1000-",
        "1000-2000",
        "1000-2000 ",
        "1000-2000 r-xp",
        "1000-2000 r-xp ",
        "1000-2000 r-xp 0",
        "1000-2000 r-xp 0 ",
        "1000-2000 r-xp 0 00:00",
        "1000-2000 r-xp 0 00:00 ",
        "1000-2000 r-x 0 00:00 0 /a",
        "1000-2000 r-xpp 0 00:00 0 /a",
        "2000-1000 r-xp 0 00:00 0 /a",
        "1000-1000 r-xp 0 00:00 0 /a",
        "1g00-2000 r-xp 0 00:00 0 /a",
        "1000-2000 r-xp z 00:00 0 /a",
        "1000 2000 r-xp 0 00:00 0 /a",
        "10000000000000000-20000000000000000 r-xp 0 00:00 0 /a",
    };
    struct maps_entry e;

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        cr_assert_eq(read_line(bad[i], &e), ST_INVALID, "%s", bad[i]);
}

static bool covers(const void *address)
{
    struct maps_reader maps;
    struct maps_entry e;
    uintptr_t last = 0;
    bool found = false;
    enum status st;

    cr_assert_eq(maps_open(&maps), ST_OK);
    while (!(st = maps_next(&maps, &e))) {
        cr_assert_geq(e.start, last);
        last = e.end;
        found = found || ((uintptr_t)address >= e.start && (uintptr_t)address < e.end);
    }
    cr_assert_eq(st, ST_NOT_FOUND);
    maps_close(&maps);
    return found;
}

/* Of which there are more than the reader's buffer holds. */
Test(self_maps, all_mappings_of_this_process)
{
    enum { MANY = 400, PAGE = 4096 };
    char *at = mmap(NULL, MANY * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    for (int i = 0; i < MANY; i += 2)
        cr_assert_eq(mprotect(at + i * PAGE, PAGE, PROT_READ | PROT_WRITE), 0);
    cr_assert(covers(&at));
    cr_assert(covers(at + (MANY - 1) * PAGE));
    munmap(at, MANY * PAGE);
    cr_assert_not(covers(at + (MANY - 1) * PAGE));
}
