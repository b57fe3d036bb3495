#include "secret_pool.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* A page and a system call or three for each secret are too much for ten thousand apps' secrets,
 * and so is the memory that a process may lock: so a few pages are cut into slots of one size. */
enum {
    GUARD_LEN = 65536, /* no page is larger: x86-64's are 4 KiB, aarch64's up to that */
    CHUNK_LEN = 65536,
    CLASS_COUNT = 2
};

struct chunk;

/* Before each room: whose it is; after it: that word once more, altered. */
struct slot {
    struct chunk *chunk;
    struct slot *next; /* of those that are free */
    uint8_t room[];
};

struct chunk {
    struct chunk *previous, *next; /* in its class, those with a free slot only */
    size_t class;
    size_t used;
    struct slot *freed;
    uint8_t *fresh; /* from here on no slot has been taken yet */
    uint8_t *pages;
};

static const size_t room_lens[CLASS_COUNT] = { 96, SECRET_ROOM_MAX };

/* As malloc's state is: what takes a secret is called from everywhere, and keeps nothing here. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct chunk *open_chunks[CLASS_COUNT];

static size_t slot_len(size_t class)
{
    return sizeof(struct slot) + room_lens[class] + sizeof(uintptr_t);
}

/* --- the word behind a room --- */

static uintptr_t seal_of(const struct slot *slot)
{
    return ~((uintptr_t)slot ^ (uintptr_t)slot->chunk);
}

static void seal(struct slot *slot)
{
    uintptr_t word = seal_of(slot);

    memcpy(slot->room + room_lens[slot->chunk->class], &word, sizeof word);
}

static bool is_sealed(const struct slot *slot)
{
    uintptr_t word;

    memcpy(&word, slot->room + room_lens[slot->chunk->class], sizeof word);
    return word == seal_of(slot);
}

/* --- pages --- */

/* Locking needs a limit that not every system grants; leaving the pages out of dumps does not. */
static uint8_t *pages_new(void)
{
    uint8_t *guarded = mmap(NULL, CHUNK_LEN + 2 * GUARD_LEN, PROT_NONE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (guarded == MAP_FAILED)
        return NULL;
    uint8_t *pages = guarded + GUARD_LEN;
    if (mprotect(pages, CHUNK_LEN, PROT_READ | PROT_WRITE) != 0 ||
        madvise(pages, CHUNK_LEN, MADV_DONTDUMP) != 0) {
        munmap(guarded, CHUNK_LEN + 2 * GUARD_LEN);
        return NULL;
    }
    (void)mlock(pages, CHUNK_LEN);
    return pages;
}

static void pages_free(uint8_t *pages)
{
    munmap(pages - GUARD_LEN, CHUNK_LEN + 2 * GUARD_LEN);
}

/* --- chunks --- */

static bool is_full(const struct chunk *c)
{
    return !c->freed && c->fresh + slot_len(c->class) > c->pages + CHUNK_LEN;
}

static void open_up(struct chunk *c)
{
    struct chunk **first = &open_chunks[c->class];

    c->previous = NULL;
    c->next = *first;
    if (*first)
        (*first)->previous = c;
    *first = c;
}

static void close_up(struct chunk *c)
{
    if (c->previous)
        c->previous->next = c->next;
    else
        open_chunks[c->class] = c->next;
    if (c->next)
        c->next->previous = c->previous;
}

static struct chunk *chunk_new(size_t class)
{
    struct chunk *c = calloc(1, sizeof *c);

    if (!c)
        return NULL;
    c->class = class;
    c->pages = c->fresh = pages_new();
    if (!c->pages) {
        free(c);
        return NULL;
    }
    open_up(c);
    return c;
}

static struct slot *slot_take(struct chunk *c)
{
    struct slot *slot = c->freed;

    if (slot) {
        c->freed = slot->next;
    } else {
        slot = (void *)c->fresh; /* slots are aligned */
        c->fresh += slot_len(c->class);
    }
    *slot = (struct slot){ .chunk = c };
    seal(slot);
    c->used++;
    if (is_full(c))
        close_up(c);
    return slot;
}

static void slot_give(struct slot *slot)
{
    struct chunk *c = slot->chunk;

    if (is_full(c))
        open_up(c);
    slot->next = c->freed;
    c->freed = slot;
    if (--c->used)
        return;
    close_up(c);
    pages_free(c->pages);
    free(c);
}

void *secret_pool_take(size_t len)
{
    size_t class = 0;

    while (class < CLASS_COUNT && len > room_lens[class])
        class ++;
    if (class == CLASS_COUNT)
        return NULL;
    pthread_mutex_lock(&lock);
    struct chunk *c = open_chunks[class] ? open_chunks[class] : chunk_new(class);
    struct slot *slot = c ? slot_take(c) : NULL;
    pthread_mutex_unlock(&lock);
    return slot ? slot->room : NULL;
}

void secret_pool_give(void *room)
{
    struct slot *slot = (void *)((uint8_t *)room - offsetof(struct slot, room));

    if (!is_sealed(slot))
        abort();
    explicit_bzero(slot->room, room_lens[slot->chunk->class]);
    pthread_mutex_lock(&lock);
    slot_give(slot);
    pthread_mutex_unlock(&lock);
}
