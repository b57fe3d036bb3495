#include "utf8.h"

#include "eight.h"

/* First byte's range, length, and the range of the second byte (RFC 3629 §4). */
static const struct {
    uint8_t first_min, first_max, len, second_min, second_max;
} forms[] = {
    { 0x00, 0x7f, 1, 0, 0 },       { 0xc2, 0xdf, 2, 0x80, 0xbf }, { 0xe0, 0xe0, 3, 0xa0, 0xbf },
    { 0xe1, 0xec, 3, 0x80, 0xbf }, { 0xed, 0xed, 3, 0x80, 0x9f }, { 0xee, 0xef, 3, 0x80, 0xbf },
    { 0xf0, 0xf0, 4, 0x90, 0xbf }, { 0xf1, 0xf3, 4, 0x80, 0xbf }, { 0xf4, 0xf4, 4, 0x80, 0x8f },
};

static size_t sequence_of(struct slice s, size_t form)
{
    size_t len = forms[form].len;

    if (s.len < len)
        return 0;
    if (len > 1 && (s.data[1] < forms[form].second_min || s.data[1] > forms[form].second_max))
        return 0;
    for (size_t i = 2; i < len; i++)
        if ((s.data[i] & 0xc0) != 0x80)
            return 0;
    return len;
}

size_t utf8_sequence(struct slice s)
{
    if (s.len == 0)
        return 0;
    if (s.data[0] < 0x80)
        return 1;
    for (size_t i = 1; i < sizeof forms / sizeof forms[0]; i++)
        if (s.data[0] >= forms[i].first_min && s.data[0] <= forms[i].first_max)
            return sequence_of(s, i);
    return 0;
}

bool utf8_ok(struct slice s)
{
    while (s.len) {
        bool ascii = s.len >= EIGHT && !eight_beyond_ascii(eight_at(s.data));
        size_t n = ascii ? EIGHT : utf8_sequence(s);
        if (n == 0)
            return false;
        s.data += n;
        s.len -= n;
    }
    return true;
}
