#include "vouchsafe/device_arena.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define HOOK __attribute__((visibility("default")))

/* BoringSSL looks these up by name when it is loaded, and hands no context to them. */
HOOK void *OPENSSL_memory_alloc(size_t size);
HOOK void OPENSSL_memory_free(void *ptr);
HOOK size_t OPENSSL_memory_get_size(void *ptr);

enum { ALIGNMENT = 16 };

/* Blocks lie side by side, each behind a head; the last one ends at the arena's end. */
struct block {
    _Alignas(ALIGNMENT) size_t len; /* of what follows the head */
    bool used;
};

/* The one mutable global of this project: the hooks have no argument to find it by. */
static struct {
    atomic_flag lock;
    uint8_t *start;
    uint8_t *end;
    size_t in_use;
    size_t peak;
} arena = { .lock = ATOMIC_FLAG_INIT };

static void lock(void)
{
    while (atomic_flag_test_and_set_explicit(&arena.lock, memory_order_acquire))
        continue;
}

static void unlock(void)
{
    atomic_flag_clear_explicit(&arena.lock, memory_order_release);
}

static struct block *block_at(uint8_t *at)
{
    return (void *)at; /* aligned: every length is a multiple of ALIGNMENT */
}

static uint8_t *behind(struct block *b)
{
    return (uint8_t *)(b + 1) + b->len;
}

/* Joins the free blocks that follow. */
static void join(struct block *b)
{
    while (behind(b) < arena.end && !block_at(behind(b))->used)
        b->len += sizeof *b + block_at(behind(b))->len;
}

/* Leaves of a free block what is asked for, and makes a free one of the rest. */
static void cut(struct block *b, size_t len)
{
    if (b->len < len + sizeof *b + ALIGNMENT)
        return;
    struct block *rest = block_at((uint8_t *)(b + 1) + len);
    *rest = (struct block){ .len = b->len - len - sizeof *b };
    b->len = len;
}

static struct block *find(size_t len)
{
    for (uint8_t *at = arena.start; at < arena.end; at = behind(block_at(at))) {
        struct block *b = block_at(at);
        if (b->used)
            continue;
        join(b);
        if (b->len >= len)
            return b;
    }
    return NULL;
}

static void *take(size_t size)
{
    size_t len = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    struct block *b = len < size ? NULL : find(len);

    if (!b)
        return NULL;
    cut(b, len);
    b->used = true;
    arena.in_use += b->len + sizeof *b;
    if (arena.in_use > arena.peak)
        arena.peak = arena.in_use;
    return b + 1;
}

void vouchsafe_device_arena(void *memory, size_t len)
{
    uintptr_t skip = (ALIGNMENT - (uintptr_t)memory % ALIGNMENT) % ALIGNMENT;
    bool fits = len >= skip + sizeof(struct block) + ALIGNMENT; /* P-256 fails if it does not */

    lock();
    arena.start = arena.end = NULL;
    arena.in_use = arena.peak = 0;
    if (fits) {
        len = (len - skip) / ALIGNMENT * ALIGNMENT;
        arena.start = (uint8_t *)memory + skip;
        arena.end = arena.start + len;
        *block_at(arena.start) = (struct block){ .len = len - sizeof(struct block) };
    }
    unlock();
}

size_t vouchsafe_device_arena_peak(void)
{
    lock();
    size_t peak = arena.peak;
    unlock();
    return peak;
}

void *OPENSSL_memory_alloc(size_t size)
{
    lock();
    void *found = take(size);
    unlock();
    return found;
}

/* What is freed is wiped: keys were in it. */
void OPENSSL_memory_free(void *ptr)
{
    if (!ptr)
        return;
    struct block *b = (struct block *)ptr - 1;
    lock();
    explicit_bzero(ptr, b->len);
    b->used = false;
    arena.in_use -= b->len + sizeof *b;
    unlock();
}

size_t OPENSSL_memory_get_size(void *ptr)
{
    return ptr ? ((struct block *)ptr - 1)->len : 0;
}
