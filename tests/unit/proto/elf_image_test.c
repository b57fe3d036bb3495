#include "elf_image.h"

#include <criterion/criterion.h>
#include <elf.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "probe.h"

/* The test's own executable, and how long it is. */
static uint8_t *self(size_t *len)
{
    FILE *file = fopen("/proc/self/exe", "rb");

    cr_assert_not_null(file);
    fseek(file, 0, SEEK_END);
    *len = (size_t)ftell(file);
    rewind(file);
    uint8_t *bytes = malloc(*len);
    cr_assert_eq(fread(bytes, 1, *len, file), *len);
    fclose(file);
    return bytes;
}

/* A window of a hundred bytes over a file that is in memory. */
struct narrow {
    struct elf_window window;
    struct slice file;
};

static bool move_narrow(struct elf_window *window, uint64_t from)
{
    struct narrow *n = (struct narrow *)window;
    size_t left = n->file.len - (size_t)from;

    window->at = from;
    window->bytes = (struct slice){ n->file.data + from, left < 100 ? left : 100 };
    return true;
}

/* What it says of the same file has to be the same. */
static void compare_with_window(struct slice file, enum status st, const struct elf_image *image,
                                const char *why)
{
    struct narrow n = { { .file_len = file.len, .move = move_narrow }, file };
    struct elf_image other;
    const char *other_why = NULL;

    cr_assert_eq(elf_image_read_window(&n.window, &other, &other_why), st);
    cr_assert(st == ST_OK || strcmp(why, other_why) == 0, "%s: %s", why, other_why);
    cr_assert_eq(image->segment_count, other.segment_count);
    cr_assert(build_id_equal(&image->build_id, &other.build_id));
}

/* From an allocation of exactly that length, so that AddressSanitizer sees a step too far. */
static enum status read_exactly(const uint8_t *bytes, size_t len, struct elf_image *out)
{
    const char *why = NULL;
    uint8_t *copy = malloc(len ? len : 1);

    memcpy(copy, bytes, len);
    enum status st = elf_image_read((struct slice){ copy, len }, out, &why);
    cr_assert(st == ST_OK || why != NULL);
    compare_with_window((struct slice){ copy, len }, st, out, why);
    free(copy);
    return st;
}

Test(elf_image, reads_a_real_executable)
{
    struct elf_image image;
    size_t len;
    uint8_t *bytes = self(&len);

    cr_assert_eq(read_exactly(bytes, len, &image), ST_OK);
    cr_assert_eq(image.build_id.len, 20);
    cr_assert_geq(image.segment_count, 1);
    cr_assert_gt(elf_image_blocks(&image), 2);
    free(bytes);
}

Test(elf_image, blocks_cover_each_segment_once)
{
    struct elf_image image = {
        .segment_count = 3,
        .segments = { { .len = 1 }, { .len = 2 * PROBE_BLOCK_LEN }, { .len = PROBE_BLOCK_LEN + 7 } }
    };
    static const struct {
        uint32_t segment;
        uint64_t offset;
        size_t len;
    } expected[] = {
        { 0, 0, 1 }, { 1, 0, 4096 }, { 1, 4096, 4096 }, { 2, 0, 4096 }, { 2, 4096, 7 }
    };
    uint32_t segment;
    uint64_t offset;
    size_t len;

    cr_assert_eq(elf_image_blocks(&image), 5);
    for (uint64_t n = 0; n < 5; n++) {
        cr_assert_eq(elf_image_block(&image, n, &segment, &offset, &len), ST_OK);
        cr_assert_eq(segment, expected[n].segment);
        cr_assert_eq(offset, expected[n].offset);
        cr_assert_eq(len, expected[n].len);
    }
    cr_assert_eq(elf_image_block(&image, 5, &segment, &offset, &len), ST_NOT_FOUND);
    cr_assert_eq(elf_image_block(&image, UINT64_MAX, &segment, &offset, &len), ST_NOT_FOUND);
}

Test(elf_image, a_file_cut_off_anywhere_is_not_read_beyond)
{
    struct elf_image image;
    size_t len, refused = 0;
    uint8_t *bytes = self(&len);

    for (size_t n = 0; n < len; n += n < 4096 ? 8 : 997)
        refused += read_exactly(bytes, n, &image) != ST_OK;
    cr_assert_gt(refused, 500);
    free(bytes);
}

Test(elf_image, headers_of_nonsense_are_not_followed)
{
    static const uint8_t values[] = { 0x00, 0x01, 0x7f, 0x80, 0xff };
    struct elf_image image;
    size_t len;
    uint8_t *bytes = self(&len);
    Elf64_Ehdr header;

    memcpy(&header, bytes, sizeof header);
    size_t end = header.e_phoff + (size_t)header.e_phnum * sizeof(Elf64_Phdr);
    for (size_t i = 0; i < end; i++) {
        uint8_t before = bytes[i];
        for (size_t v = 0; v < sizeof values; v++) {
            bytes[i] = values[v];
            (void)!read_exactly(bytes, len < 65536 ? len : 65536, &image);
        }
        bytes[i] = before;
    }
    cr_assert_eq(read_exactly(bytes, len, &image), ST_OK);
    free(bytes);
}

static void set_segment(uint8_t *bytes, uint32_t type, void (*change)(Elf64_Phdr *))
{
    Elf64_Ehdr header;

    memcpy(&header, bytes, sizeof header);
    for (size_t i = 0; i < header.e_phnum; i++) {
        Elf64_Phdr segment;
        uint8_t *at = bytes + header.e_phoff + i * sizeof segment;
        memcpy(&segment, at, sizeof segment);
        if (segment.p_type == type)
            change(&segment);
        memcpy(at, &segment, sizeof segment);
    }
}

static void drop(Elf64_Phdr *segment)
{
    segment->p_type = PT_NULL;
}

static void overflow(Elf64_Phdr *segment)
{
    segment->p_offset = UINT64_MAX - 8;
    segment->p_filesz = 64;
}

Test(elf_image, says_what_is_wrong)
{
    static const struct {
        uint32_t type;
        void (*change)(Elf64_Phdr *);
        const char *word;
    } cases[] = { { PT_NOTE, drop, "build-id" },
                  { PT_LOAD, drop, "read-only" },
                  { PT_LOAD, overflow, "outside" } };
    struct elf_image image;
    size_t len;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t *bytes = self(&len);
        const char *why = "";
        set_segment(bytes, cases[i].type, cases[i].change);
        cr_assert_eq(elf_image_read((struct slice){ bytes, len }, &image, &why), ST_INVALID);
        cr_assert_not_null(strstr(why, cases[i].word), "%s", why);
        free(bytes);
    }
}

Test(elf_image, text_relocations_are_refused)
{
    struct elf_image image;
    const char *why = "";
    size_t len;
    uint8_t *bytes = self(&len);
    Elf64_Ehdr header;
    Elf64_Phdr segment = { 0 };

    memcpy(&header, bytes, sizeof header);
    for (size_t i = 0; i < header.e_phnum && segment.p_type != PT_DYNAMIC; i++)
        memcpy(&segment, bytes + header.e_phoff + i * sizeof segment, sizeof segment);
    const Elf64_Dyn entry = { .d_tag = DT_TEXTREL };
    memcpy(bytes + segment.p_offset, &entry, sizeof entry);
    cr_assert_eq(elf_image_read((struct slice){ bytes, len }, &image, &why), ST_INVALID);
    cr_assert_not_null(strstr(why, "text relocations"));
    free(bytes);
}

/* --- a small ELF made here, so that each rule can be bent alone --- */

struct tiny {
    Elf64_Ehdr header;
    Elf64_Phdr segments[20];
    struct {
        Elf64_Nhdr note;
        char name[8]; /* padded to 4 or to 8: the same place for "GNU" */
        uint8_t id[64];
    } notes;
    Elf64_Dyn dynamic[2];
    uint8_t code[64];
};

#define SEGMENT(kind, flags, member, align)                                                        \
    {                                                                                              \
        .p_type = kind, .p_flags = flags, .p_offset = offsetof(struct tiny, member),               \
        .p_filesz = sizeof((struct tiny *)0)->member, .p_align = align                             \
    }

static const struct tiny tiny = {
    .header = { .e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
                .e_type = ET_DYN,
                .e_machine = EM_X86_64,
                .e_phoff = offsetof(struct tiny, segments),
                .e_phentsize = sizeof(Elf64_Phdr),
                .e_phnum = 3 },
    .segments = { SEGMENT(PT_LOAD, PF_R | PF_X, code, 4096), SEGMENT(PT_NOTE, PF_R, notes, 4),
                  SEGMENT(PT_DYNAMIC, PF_R, dynamic, 8) },
    .notes = { .note = { .n_namesz = 4, .n_descsz = 20, .n_type = NT_GNU_BUILD_ID },
               .name = "GNU\0"
                       "\1\1\1\1",
               .id = { 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2 } },
};

static enum status read_tiny(const struct tiny *t, struct elf_image *out)
{
    return read_exactly((const uint8_t *)t, sizeof *t, out);
}

Test(elf_image, header_rules_one_by_one)
{
    struct elf_image image;
    struct tiny t = tiny;

    cr_assert_eq(read_tiny(&t, &image), ST_OK);
    t.header.e_machine = EM_AARCH64;
    cr_assert_eq(read_tiny(&t, &image), ST_OK);
    t.header.e_machine = EM_386;
    cr_assert_eq(read_tiny(&t, &image), ST_INVALID);
    t = tiny;
    t.header.e_type = ET_EXEC;
    cr_assert_eq(read_tiny(&t, &image), ST_OK);
    cr_assert_not(image.position_independent);
    t.header.e_type = ET_REL;
    cr_assert_eq(read_tiny(&t, &image), ST_INVALID);
    t = tiny; /* wraps around to the start of the file */
    t.header.e_phoff = UINT64_MAX - sizeof(Elf64_Phdr) + 1;
    cr_assert_eq(read_tiny(&t, &image), ST_INVALID);
}

/* A table that PN_XNUM would have us read is all there: only its number is refused. */
Test(elf_image, extended_program_headers_are_refused)
{
    size_t len = sizeof tiny + (size_t)PN_XNUM * sizeof(Elf64_Phdr);
    uint8_t *bytes = calloc(1, len);
    struct elf_image image;

    for (unsigned count = PN_XNUM - 1; count <= PN_XNUM; count++) {
        struct tiny t = tiny;
        t.header.e_phoff = sizeof t;
        t.header.e_phnum = (uint16_t)count;
        memcpy(bytes, &t, sizeof t);
        memcpy(bytes + sizeof t, tiny.segments, 3 * sizeof(Elf64_Phdr));
        cr_assert_eq(read_exactly(bytes, len, &image), count == PN_XNUM ? ST_INVALID : ST_OK);
    }
    free(bytes);
}

Test(elf_image, only_what_can_be_read_and_not_written_counts)
{
    static const uint32_t left_out[] = { PF_R | PF_W, PF_R | PF_W | PF_X, PF_X, 0 };
    struct elf_image image;

    for (size_t i = 0; i < sizeof left_out / sizeof left_out[0]; i++) {
        struct tiny t = tiny;
        t.segments[3] = t.segments[0];
        t.segments[3].p_flags = left_out[i];
        t.header.e_phnum = 4;
        cr_assert_eq(read_tiny(&t, &image), ST_OK);
        cr_assert_eq(image.segment_count, 1, "%zu", i);
    }
}

Test(elf_image, segment_count_from_both_sides)
{
    for (uint16_t n = ELF_SEGMENTS_MAX; n <= ELF_SEGMENTS_MAX + 1; n++) {
        struct tiny t = tiny;
        struct elf_image image;
        for (uint16_t i = 0; i < n - 1; i++)
            t.segments[3 + i] = t.segments[0];
        t.header.e_phnum = (uint16_t)(n + 2);
        cr_assert_eq(read_tiny(&t, &image), n == ELF_SEGMENTS_MAX ? ST_OK : ST_INVALID);
    }
}

Test(elf_image, text_relocations_by_either_name)
{
    static const struct {
        Elf64_Dyn entry;
        enum status st;
    } cases[] = { { { DT_TEXTREL, { 0 } }, ST_INVALID },
                  { { DT_FLAGS, { DF_TEXTREL } }, ST_INVALID },
                  { { DT_FLAGS, { DF_TEXTREL | DF_BIND_NOW } }, ST_INVALID },
                  { { DT_FLAGS, { DF_BIND_NOW } }, ST_OK },
                  { { DT_NEEDED, { DF_TEXTREL } }, ST_OK } };
    struct elf_image image;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct tiny t = tiny;
        t.dynamic[0] = cases[i].entry;
        cr_assert_eq(read_tiny(&t, &image), cases[i].st, "%zu", i);
    }
}

Test(elf_image, notes_one_by_one)
{
    struct elf_image image;
    struct tiny t = tiny;

    for (uint32_t n = BUILD_ID_MIN - 1; n <= BUILD_ID_MAX + 1; n++) {
        t.notes.note.n_descsz = n;
        cr_assert_eq(read_tiny(&t, &image),
                     n >= BUILD_ID_MIN && n <= BUILD_ID_MAX ? ST_OK : ST_INVALID, "%u", n);
    }
    t = tiny;
    t.notes.name[0] = 'X';
    cr_assert_eq(read_tiny(&t, &image), ST_INVALID);
    t = tiny;
    t.notes.note.n_type = NT_GNU_ABI_TAG;
    cr_assert_eq(read_tiny(&t, &image), ST_INVALID);
    t = tiny;
    t.notes.note.n_namesz = t.notes.note.n_descsz = UINT32_MAX;
    cr_assert_eq(read_tiny(&t, &image), ST_INVALID);
}

/* A note of 4 bytes, then the build-id: padded to 8 it lies elsewhere than padded to 4. */
Test(elf_image, notes_are_padded_as_the_segment_says)
{
    for (uint64_t align = 4; align <= 8; align += 4) {
        uint8_t notes[128] = { 0 };
        struct build_id id = { 0 };
        const Elf64_Nhdr first = { 4, 4, 5 }, second = { 4, 20, NT_GNU_BUILD_ID };
        size_t at = align == 8 ? 24 : 20;
        memcpy(notes, &first, sizeof first);
        memcpy(notes + 12, "GNU", 4);
        memcpy(notes + at, &second, sizeof second);
        memcpy(notes + at + 12, "GNU", 4);
        memset(notes + at + 16, 7, 20);
        elf_notes_build_id((struct slice){ notes, sizeof notes }, align, &id);
        cr_assert_eq(id.len, 20);
    }
}
