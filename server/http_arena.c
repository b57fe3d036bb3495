#include <stdlib.h>
#include <string.h>

#include "http_server_private.h"

static struct arena_chunk *chunk_new(size_t cap)
{
    struct arena_chunk *chunk = malloc(sizeof *chunk + cap);

    if (chunk)
        chunk->cap = cap;
    return chunk;
}

static struct arena_chunk *chunk_for(struct http_server *s, size_t size)
{
    struct arena_chunk *chunk = s->spare_chunks;

    if (size > ARENA_CHUNK_LEN)
        return chunk_new(size);
    if (!chunk)
        return chunk_new(ARENA_CHUNK_LEN);
    s->spare_chunks = chunk->next;
    s->spare_chunk_count--;
    return chunk;
}

static void chunk_end(struct http_server *s, struct arena_chunk *chunk)
{
    if (chunk->cap != ARENA_CHUNK_LEN || s->spare_chunk_count == SPARE_CHUNKS_MAX) {
        free(chunk);
        return;
    }
    chunk->next = s->spare_chunks;
    s->spare_chunks = chunk;
    s->spare_chunk_count++;
}

void *http_exchange_bytes(struct http_exchange *ex, size_t size)
{
    const size_t align = _Alignof(max_align_t);
    struct arena_chunk *chunk = ex->arena;

    if (size > SIZE_MAX - align)
        return NULL;
    size = (size + align - 1) / align * align;
    if (!chunk || size > chunk->cap - chunk->used) {
        chunk = chunk_for(ex->connection->server, size);
        if (!chunk)
            return NULL;
        chunk->used = 0;
        chunk->next = ex->arena;
        ex->arena = chunk;
    }
    chunk->used += size;
    return chunk->bytes + chunk->used - size;
}

void *http_exchange_alloc(struct http_exchange *ex, size_t size)
{
    void *bytes = http_exchange_bytes(ex, size);

    return bytes ? memset(bytes, 0, size) : NULL;
}

void arena_end(struct http_exchange *ex)
{
    while (ex->arena) {
        struct arena_chunk *chunk = ex->arena;
        ex->arena = chunk->next;
        chunk_end(ex->connection->server, chunk);
    }
}

void arena_free_spares(struct http_server *s)
{
    while (s->spare_chunks) {
        struct arena_chunk *chunk = s->spare_chunks;
        s->spare_chunks = chunk->next;
        free(chunk);
    }
}
