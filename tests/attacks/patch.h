/* patch: how code that is inside a process changes that process. */
#pragma once
#include <stddef.h>

enum { HOOKED = 7777 }; /* what a hooked function returns: no process has it for a parent here */

int patch_hooked(void); /* returns HOOKED: what hooks lead to */

/* Writes over mapped memory, code or not, and gives its pages that protection. Ends the process
 * if that fails: an attack that does not happen proves nothing. */
void patch_write(void *at, const void *bytes, size_t len, int protection);

/* Puts at `function` a jump to `target`. */
void patch_inline(void *function, const void *target);

/* Code that returns HOOKED, in executable memory that belongs to no file; from memfd_create(2),
 * or anonymous. */
void *patch_code_anonymous(void);
void *patch_code_memfd(void);

/* Makes the executable's import slot of that symbol hold `target`. */
void patch_import(const char *symbol, const void *target);
