/* bytes: borrowed byte ranges, and a bounded writer over a caller's array. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "status.h"

/* Borrowed: whoever made it owns the bytes. Not NUL-terminated. */
struct slice {
    const uint8_t *data;
    size_t len;
};

/* The bytes of a C string, without its NUL; an empty slice for NULL. */
struct slice slice_of(const char *text);
#define SLICE_LIT(text) ((struct slice){ (const uint8_t *)("" text), sizeof(text) - 1 })

bool slice_equal(struct slice a, struct slice b);        /* not constant time: never for secrets */
bool slice_equal_nocase(struct slice a, struct slice b); /* ASCII only */
bool slice_is(struct slice s, const char *text);
bool slice_starts_with(struct slice s, const char *prefix);

/* Cuts *s at the first `at`: returns what is before it and leaves what follows
 * in *s. Without one, returns all of *s and leaves it empty with data NULL. */
struct slice slice_cut(struct slice *s, char at);

/* Without leading and trailing spaces and tabs (RFC 9110 OWS). */
struct slice slice_trim(struct slice s);

/* Decimal digits only, at least one, no sign, at most `max`. */
enum status slice_to_u64(struct slice s, uint64_t max, uint64_t *out) MUST_USE;

/* Copies into a NUL-terminated array; ST_TOO_LARGE if it does not fit,
 * ST_INVALID if it holds a NUL. */
enum status slice_copy_text(struct slice s, char *out, size_t cap) MUST_USE;

/* Appends to an array that the caller owns and never past its end: what does
 * not fit sets `full` and is dropped whole, and so is everything after it, so
 * one look at the end is enough. */
struct writer {
    uint8_t *data;
    size_t len;
    size_t cap;
    bool full;
};

struct writer writer_over(void *array, size_t cap);
void writer_put(struct writer *w, struct slice s);
void writer_text(struct writer *w, const char *text);
void writer_byte(struct writer *w, uint8_t byte);
void writer_u16be(struct writer *w, uint16_t value);
void writer_u32be(struct writer *w, uint32_t value);
void writer_u64be(struct writer *w, uint64_t value);
void writer_decimal(struct writer *w, int64_t value);

/* Reserves n bytes to be filled by the caller; NULL (and full) if they do not
 * fit. */
uint8_t *writer_reserve(struct writer *w, size_t n);
struct slice writer_slice(const struct writer *w);
