#include "sampling.h"

#include <stdlib.h>
#include <string.h>

static uint64_t rotate(uint64_t x, int n)
{
    return x << n | x >> (64 - n);
}

uint64_t sampling_next(struct sampling *s)
{
    uint64_t *t = s->state;
    uint64_t out = rotate(t[1] * 5, 7) * 9, shifted = t[1] << 17;

    t[2] ^= t[0];
    t[3] ^= t[1];
    t[1] ^= t[2];
    t[0] ^= t[3];
    t[2] ^= shifted;
    t[3] = rotate(t[3], 45);
    return out;
}

void sampling_seed(struct sampling *s, const uint8_t challenge[static CHALLENGE_LEN],
                   uint32_t stream)
{
    uint8_t text[CHALLENGE_LEN + sizeof stream];
    struct writer w = writer_over(text, sizeof text);

    writer_put(&w, (struct slice){ challenge, CHALLENGE_LEN });
    writer_u32be(&w, stream);
    struct digest seed = crypto_sha256(writer_slice(&w));
    memcpy(s->state, seed.bytes, sizeof s->state);
    if (!(s->state[0] | s->state[1] | s->state[2] | s->state[3]))
        s->state[0] = 1; /* the one state that it never leaves */
}

uint64_t sampling_below(struct sampling *s, uint64_t n)
{
    uint64_t refused = (0 - n) % n; /* 2^64 mod n: the part that would make small values likelier */
    uint64_t x;

    do {
        x = sampling_next(s);
    } while (x < refused);
    return x % n;
}

enum { SET_SIZE = 1024, BITS = 64, EMPTY = 0 };
_Static_assert(SET_SIZE >= 2 * PROBE_BLOCKS_MAX, "chains stay short");

/* Numbers below SET_SIZE * BITS are bits, in order; others, plus one, an open-addressing table. */
struct set {
    bool small;
    uint64_t words[SET_SIZE];
};

static void set_init(struct set *set, uint64_t n)
{
    set->small = n <= (uint64_t)SET_SIZE * BITS;
    memset(set->words, 0,
           set->small ? (n + BITS - 1) / BITS * sizeof set->words[0] : sizeof set->words);
}

/* False if it was there. */
static bool add_bit(uint64_t *words, uint64_t x)
{
    uint64_t bit = UINT64_C(1) << x % BITS, *word = &words[x / BITS];
    bool added = !(*word & bit);

    *word |= bit;
    return added;
}

static bool add_to_table(uint64_t *words, uint64_t x)
{
    size_t at = (size_t)(x * 0x9e3779b97f4a7c15u >> 54);

    while (words[at] != EMPTY) {
        if (words[at] == x + 1)
            return false;
        at = (at + 1) % SET_SIZE;
    }
    words[at] = x + 1;
    return true;
}

static bool set_add(struct set *set, uint64_t x)
{
    return set->small ? add_bit(set->words, x) : add_to_table(set->words, x);
}

static int compare(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return (x > y) - (x < y);
}

static uint32_t take_all(uint64_t n, uint32_t *out)
{
    for (uint32_t i = 0; i < n; i++)
        out[i] = i;
    return (uint32_t)n;
}

static uint32_t list_bits(const struct set *set, uint64_t n, uint32_t *out)
{
    uint32_t count = 0;

    for (uint64_t i = 0; i * BITS < n; i++)
        for (uint64_t word = set->words[i]; word; word &= word - 1)
            out[count++] = (uint32_t)(i * BITS) + (uint32_t)__builtin_ctzll(word);
    return count;
}

static uint32_t list_table(const struct set *set, uint32_t *out)
{
    uint32_t count = 0;

    for (size_t i = 0; i < SET_SIZE; i++)
        if (set->words[i] != EMPTY)
            out[count++] = (uint32_t)(set->words[i] - 1);
    qsort(out, count, sizeof out[0], compare);
    return count;
}

/* Floyd's algorithm (Bentley and Floyd, "A sample of brilliance", 1987). */
uint32_t sampling_draw(struct sampling *s, uint64_t n, uint32_t k,
                       uint32_t out[static PROBE_BLOCKS_MAX])
{
    struct set set;

    if (n <= k)
        return take_all(n, out);
    set_init(&set, n);
    for (uint64_t last = n - k; last < n; last++)
        if (!set_add(&set, sampling_below(s, last + 1)))
            set_add(&set, last);
    return set.small ? list_bits(&set, n, out) : list_table(&set, out);
}
