/* reader: takes big-endian fields from borrowed bytes, the counterpart of a writer. */
#pragma once
#include "bytes.h"

/* What is not there sets `bad`, yields zeros, and nothing comes after it: one look at the end is
 * enough. */
struct reader {
    struct slice left;
    bool bad;
};

struct reader reader_over(struct slice bytes);
uint8_t reader_u8(struct reader *r);
uint16_t reader_u16be(struct reader *r);
uint32_t reader_u32be(struct reader *r);
uint64_t reader_u64be(struct reader *r);
void reader_bytes(struct reader *r, uint8_t *out, size_t n);
struct slice reader_slice(struct reader *r, size_t n); /* borrowed */
struct slice reader_rest(struct reader *r);            /* borrowed; may be empty */

/* Everything was there, and nothing is left. */
bool reader_is_done(const struct reader *r);
