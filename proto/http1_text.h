/* http1_text: the character classes that HTTP/1.1's grammar is made of. */
#pragma once
#include "bytes.h"
#include "eight.h"

bool http1_is_token(struct slice s); /* 1*tchar (RFC 9110 §5.6.2) */
bool http1_is_host(struct slice s);  /* host [ ":" port ] (RFC 3986 §3.2.2), not empty */
bool http1_is_origin_form(struct slice path, struct slice query); /* RFC 9112 §3.2.1 */

/* What no head may hold, HTAB not counted. Asked of every byte of every head, so inline. */
static inline bool http1_is_control(uint8_t c)
{
    return (c < 0x20 && c != '\t') || c == 0x7f;
}

/* Whether none of eight bytes is a control, HTAB or DEL. */
static inline bool http1_is_plain_run(const uint8_t *at)
{
    uint64_t bytes = eight_at(at);

    return (eight_below(bytes, ' ') | eight_are(bytes, 0x7f)) == 0;
}
