/* every_cut: a binary message must be whole: each shorter one and each longer one is refused. */
#pragma once
#include <criterion/criterion.h>
#include <string.h>

#include "bytes.h"

typedef enum status decode_fn(struct slice message, void *out);

/* `message` lies in an array that has room for one more byte. */
static inline void every_cut_is_refused(decode_fn *decode, uint8_t *message, size_t len, void *out)
{
    for (size_t cut = 0; cut < len; cut++)
        cr_assert_eq(decode((struct slice){ message, cut }, out), ST_INVALID, "cut to %zu", cut);
    message[len] = 0;
    cr_assert_eq(decode((struct slice){ message, len + 1 }, out), ST_INVALID, "one more");
    cr_assert_eq(decode((struct slice){ message, len }, out), ST_OK, "the message itself");
}

/* And with another first byte it is another message. */
static inline void every_other_kind_is_refused(decode_fn *decode, uint8_t *message, size_t len,
                                               void *out)
{
    const uint8_t kind = message[0];

    for (unsigned other = 0; other < 256; other++) {
        message[0] = (uint8_t)other;
        if (other != kind)
            cr_assert_neq(decode((struct slice){ message, len }, out), ST_OK, "%u", other);
    }
    message[0] = kind;
}
