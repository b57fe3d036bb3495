/* elf_image: what attestation needs to know of an ELF file: its build-id and
 * its read-only segments. Reads hostile bytes; never outside the slice. */
#pragma once
#include "build_id.h"

enum { ELF_SEGMENTS_MAX = 16 };

/* A PT_LOAD segment with PF_R and without PF_W: execute-only code cannot be read. */
struct elf_segment {
    uint64_t file_offset;
    uint64_t vaddr; /* relative to the load bias */
    uint64_t len;   /* bytes taken from the file (p_filesz) */
};

struct elf_image {
    struct build_id build_id;
    uint16_t machine; /* e_machine: EM_X86_64 or EM_AARCH64 */
    bool position_independent;
    uint32_t segment_count;
    struct elf_segment segments[ELF_SEGMENTS_MAX];
};

/* ELF64 little-endian, ET_EXEC or ET_DYN. ST_INVALID with *why (a constant
 * text) otherwise, if there is no build-id, a range lies outside the file, or
 * it has text relocations (its code would differ in every process). */
enum status elf_image_read(struct slice file, struct elf_image *out, const char **why) MUST_USE;

/* The same of a file that is not in memory: a window is moved along it. */
struct elf_window {
    uint64_t file_len;
    uint64_t at; /* where in the file `bytes` begin */
    struct slice bytes;
    /* Has the window begin at `from`, as long as it can be; false if that cannot be read. NULL: it
     * holds the whole file. */
    bool (*move)(struct elf_window *window, uint64_t from);
};
enum status elf_image_read_window(struct elf_window *window, struct elf_image *out,
                                  const char **why) MUST_USE;

/* The build-id among the notes of a PT_NOTE segment of that p_align; leaves *out
 * alone if there is none. For notes in a file and for those that are mapped. */
void elf_notes_build_id(struct slice notes, uint64_t align, struct build_id *out);

/* Number of PROBE_BLOCK_LEN blocks: each segment starts a new one. */
uint64_t elf_image_blocks(const struct elf_image *image);

/* Where block n lies: segment index, offset within it and length. ST_NOT_FOUND
 * past the end. */
enum status elf_image_block(const struct elf_image *image, uint64_t n, uint32_t *segment,
                            uint64_t *offset, size_t *len) MUST_USE;
