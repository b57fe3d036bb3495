#include "patch.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static const uint8_t return_hooked[] = { 0xb8, HOOKED & 0xff, HOOKED >> 8, 0, 0, 0xc3 };

int patch_hooked(void)
{
    return HOOKED;
}

static void *page_of(void *at)
{
    return (uint8_t *)at - (uintptr_t)at % (size_t)sysconf(_SC_PAGESIZE);
}

static void protect(void *at, size_t len, int protection)
{
    uint8_t *start = page_of(at);

    if (mprotect(start, (size_t)((uint8_t *)at + len - start), protection))
        abort();
}

void patch_write(void *at, const void *bytes, size_t len, int protection)
{
    protect(at, len, PROT_READ | PROT_WRITE | PROT_EXEC);
    memcpy(at, bytes, len);
    protect(at, len, protection);
}

/* mov rax, target; jmp rax */
void patch_inline(void *function, const void *target)
{
    uint8_t code[12] = { 0x48, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xe0 };

    memcpy(code + 2, &target, sizeof target);
    patch_write(function, code, sizeof code, PROT_READ | PROT_EXEC);
}

void *patch_code_anonymous(void)
{
    size_t len = sizeof return_hooked;
    void *at = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (at == MAP_FAILED)
        abort();
    memcpy(at, return_hooked, len);
    protect(at, len, PROT_READ | PROT_EXEC);
    return at;
}

void *patch_code_memfd(void)
{
    size_t len = sizeof return_hooked;
    int fd = memfd_create("libc.so.6", MFD_CLOEXEC);

    if (fd < 0 || write(fd, return_hooked, len) != (ssize_t)len)
        abort();
    void *at = mmap(NULL, len, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
    close(fd);
    if (at == MAP_FAILED)
        abort();
    return at;
}
