#include "vouchsafe/device_arena.h"

#include <criterion/criterion.h>
#include <stdint.h>
#include <string.h>

void *OPENSSL_memory_alloc(size_t size);
void OPENSSL_memory_free(void *ptr);
size_t OPENSSL_memory_get_size(void *ptr);

enum { LEN = 4096, BLOCKS = 64 };
static _Alignas(16) uint8_t memory[LEN];

Test(device_arena, blocks_do_not_overlap_and_come_back)
{
    uint8_t *blocks[BLOCKS] = { NULL };
    size_t sizes[BLOCKS] = { 0 };
    uint32_t state = 1;

    vouchsafe_device_arena(memory, sizeof memory);
    for (unsigned round = 0; round < 20000; round++) {
        state = state * 1664525u + 1013904223u;
        unsigned i = (state >> 8) % BLOCKS;
        for (size_t b = 0; b < sizes[i]; b++)
            cr_assert_eq(blocks[i][b], i, "round %u", round);
        OPENSSL_memory_free(blocks[i]);
        sizes[i] = (state >> 16) % 300;
        blocks[i] = OPENSSL_memory_alloc(sizes[i]);
        if (!blocks[i]) {
            sizes[i] = 0;
            continue;
        }
        cr_assert_eq((uintptr_t)blocks[i] % 16, 0);
        cr_assert_geq(OPENSSL_memory_get_size(blocks[i]), sizes[i]);
        cr_assert(blocks[i] >= memory && blocks[i] + sizes[i] <= memory + LEN);
        memset(blocks[i], (int)i, sizes[i]);
    }
    for (unsigned i = 0; i < BLOCKS; i++)
        OPENSSL_memory_free(blocks[i]);
    void *nearly_all = OPENSSL_memory_alloc(LEN - 64);
    cr_assert_not_null(nearly_all, "free blocks are joined");
    OPENSSL_memory_free(nearly_all);
    cr_expect_leq(vouchsafe_device_arena_peak(), LEN);
}

Test(device_arena, what_is_freed_is_wiped)
{
    vouchsafe_device_arena(memory, sizeof memory);
    uint8_t *block = OPENSSL_memory_alloc(32);
    cr_assert_not_null(block);
    memset(block, 0xaa, 32);
    OPENSSL_memory_free(block);
    for (size_t i = 0; i < 32; i++)
        cr_assert_eq(block[i], 0);
    OPENSSL_memory_free(NULL);
}

Test(device_arena, limits)
{
    vouchsafe_device_arena(memory, sizeof memory);
    cr_expect_null(OPENSSL_memory_alloc(LEN));
    cr_expect_null(OPENSSL_memory_alloc(SIZE_MAX));
    vouchsafe_device_arena(memory, 8);
    cr_expect_null(OPENSSL_memory_alloc(1));
    vouchsafe_device_arena(memory + 1, LEN - 1);
    cr_expect_not_null(OPENSSL_memory_alloc(1));
}
