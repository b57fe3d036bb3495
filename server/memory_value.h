/* memory_value: the value of a record of the memory store: a short one lies in
 * it, a longer one elsewhere. Wiped when released. */
#pragma once
#include "store_memory.h"

/* `bytes` is the value, or a pointer to it: a union would be aligned for the
 * pointer, and there are a million of these. */
struct memory_value {
    uint8_t bytes[STORE_MEMORY_INLINE];
    uint32_t len;
};

/* Copies. What *out held is not released. */
enum status memory_value_init(struct memory_value *out, struct slice value) MUST_USE;
void memory_value_clear(struct memory_value *v);
/* Moves what `from` holds into *to and leaves `from` empty. */
void memory_value_move(struct memory_value *to, struct memory_value *from);

/* Borrowed from v. */
struct slice memory_value_slice(const struct memory_value *v);
/* Bytes that a value of this length takes elsewhere. */
size_t memory_value_extra(size_t len);
