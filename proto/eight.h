/* eight: questions about eight bytes at once, by arithmetic on one word (Warren, "Hacker's
 * Delight", 2nd edition, §6-1). Texts are asked about most of their bytes, and most answers are the
 * same. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum { EIGHT = 8 };
#define EIGHT_ONES UINT64_C(0x0101010101010101)
#define EIGHT_TOPS (EIGHT_ONES << 7)

static inline uint64_t eight_at(const uint8_t *at)
{
    uint64_t bytes;

    memcpy(&bytes, at, sizeof bytes);
    return bytes;
}

/* Each answers with the top bits of bytes: none of them is set if no byte is so. (Beside one that
 * is, another may be wrong: ask only whether there is any.) */

static inline uint64_t eight_below(uint64_t bytes, uint8_t limit) /* at most 0x80 */
{
    return (bytes - EIGHT_ONES * limit) & ~bytes & EIGHT_TOPS;
}

static inline uint64_t eight_are(uint64_t bytes, uint8_t byte)
{
    return eight_below(bytes ^ EIGHT_ONES * byte, 1);
}

static inline uint64_t eight_beyond_ascii(uint64_t bytes)
{
    return bytes & EIGHT_TOPS;
}

/* ASCII without controls and DEL. */
static inline bool eight_printable(const uint8_t *at)
{
    uint64_t bytes = eight_at(at);

    return (eight_below(bytes, ' ') | eight_are(bytes, 0x7f) | eight_beyond_ascii(bytes)) == 0;
}

/* Whether a JSON string holds them as they are: neither controls, quotes and backslashes, nor
 * what has to be UTF-8. */
static inline bool eight_plain_in_json(const uint8_t *at)
{
    uint64_t bytes = eight_at(at);

    return (eight_below(bytes, ' ') | eight_are(bytes, '"') | eight_are(bytes, '\\') |
            eight_beyond_ascii(bytes)) == 0;
}
