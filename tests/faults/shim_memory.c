/* shim_memory: preloaded, lets one allocation fail: the n-th from now on, where n is told through
 * the file that VOUCHSAFE_SHIM_MEMORY names. Whoever tells it learns there whether it has come to
 * that, and who had asked for memory. It maps the file before the program fences itself in. */
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

/* What is linked against is ours from here on. */
#pragma GCC visibility push(default)

/* As in shims.py. */
struct told {
    _Atomic int64_t countdown; /* 0: nothing fails; 1: the next one */
    _Atomic uint64_t failed;   /* so many have */
    _Atomic uint64_t caller;   /* of the last one: an address in it */
    _Atomic uint64_t seen;     /* allocations since the start */
};

static struct told *told;

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

__attribute__((constructor)) static void open_told(void)
{
    const char *path = getenv("VOUCHSAFE_SHIM_MEMORY");
    int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;

    if (fd < 0)
        _exit(70); /* a test without its harm would pass */
    void *at = mmap(NULL, sizeof *told, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (at == MAP_FAILED)
        _exit(70);
    close(fd);
    told = at;
}

static bool fails(const void *caller)
{
    if (!told)
        return false;
    atomic_fetch_add(&told->seen, 1);
    if (atomic_load(&told->countdown) <= 0 || atomic_fetch_sub(&told->countdown, 1) != 1)
        return false;
    atomic_store(&told->caller, (uint64_t)(uintptr_t)caller);
    atomic_fetch_add(&told->failed, 1);
    errno = ENOMEM;
    return true;
}

void *malloc(size_t size)
{
    return fails(__builtin_return_address(0)) ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    return fails(__builtin_return_address(0)) ? NULL : __libc_calloc(count, size);
}

void *realloc(void *old, size_t size)
{
    return fails(__builtin_return_address(0)) ? NULL : __libc_realloc(old, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
    return fails(__builtin_return_address(0)) ? NULL : __libc_memalign(alignment, size);
}

int posix_memalign(void **out, size_t alignment, size_t size)
{
    void *at = fails(__builtin_return_address(0)) ? NULL : __libc_memalign(alignment, size);

    if (!at)
        return ENOMEM;
    *out = at;
    return 0;
}
