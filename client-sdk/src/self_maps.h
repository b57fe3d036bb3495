/* self_maps: what is mapped into this process, as the kernel says (/proc/self/maps, proc(5)). */
#pragma once
#include "bytes.h"

struct maps_entry {
    uintptr_t start, end;
    bool readable, writable, executable, shared;
    uint64_t offset; /* in the file */
    struct slice path;
};

/* Reads one line, without its line feed. ST_INVALID if it is none; the path borrows from it. */
enum status maps_line_read(struct slice line, struct maps_entry *out) MUST_USE;

/* Goes through them by address. maps_next: ST_OK, and the path holds until the next call;
 * ST_NOT_FOUND after the last one; ST_IO; ST_INVALID. */
struct maps_reader {
    int fd;
    size_t from, to; /* unread bytes of the buffer */
    uint8_t buffer[8192];
};
enum status maps_open(struct maps_reader *r) MUST_USE;
enum status maps_next(struct maps_reader *r, struct maps_entry *out) MUST_USE;
void maps_close(struct maps_reader *r);
