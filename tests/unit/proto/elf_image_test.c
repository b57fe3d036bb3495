#include "elf_image.h"

#include <criterion/criterion.h>
#include <elf.h>
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

/* From an allocation of exactly that length, so that AddressSanitizer sees a step too far. */
static enum status read_exactly(const uint8_t *bytes, size_t len, struct elf_image *out)
{
    const char *why = NULL;
    uint8_t *copy = malloc(len ? len : 1);

    memcpy(copy, bytes, len);
    enum status st = elf_image_read((struct slice){ copy, len }, out, &why);
    cr_assert(st == ST_OK || why != NULL);
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
