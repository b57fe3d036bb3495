/* http1_text: the character classes that HTTP/1.1's grammar is made of. */
#pragma once
#include <string.h>

#include "bytes.h"

bool http1_is_token(struct slice s); /* 1*tchar (RFC 9110 §5.6.2) */
bool http1_is_host(struct slice s);  /* host [ ":" port ] (RFC 3986 §3.2.2), not empty */
bool http1_is_origin_form(struct slice path, struct slice query); /* RFC 9112 §3.2.1 */

/* What no head may hold, HTAB not counted. Asked of every byte of every head, so inline. */
static inline bool http1_is_control(uint8_t c)
{
    return (c < 0x20 && c != '\t') || c == 0x7f;
}

enum { HTTP1_RUN = 8 };

/* Whether none of HTTP1_RUN bytes is a control, HTAB or DEL, by arithmetic on all of them at once:
 * below 0x20 a subtraction borrows (Warren, "Hacker's Delight", 2nd edition, §6-1). */
static inline bool http1_is_plain_run(const uint8_t *at)
{
    const uint64_t ones = UINT64_C(0x0101010101010101), tops = ones << 7;
    uint64_t bytes;

    memcpy(&bytes, at, sizeof bytes);
    uint64_t del = bytes ^ 0x7f * ones;
    return ((((bytes - 0x20 * ones) & ~bytes) | ((del - ones) & ~del)) & tops) == 0;
}
