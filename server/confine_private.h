/* confine_private: the two fences that confine puts up. */
#pragma once
#include <stdbool.h>

#include "status.h"

/* --- files: Landlock (Documentation/userspace-api/landlock.rst of Linux) --- */

/* A rule set that allows nothing yet; ST_UNSUPPORTED. */
enum status confine_files_begin(int *rules) MUST_USE;
/* A file, or a folder and all below it. What is not there stays closed. */
void confine_files_read(int rules, const char *path);
void confine_files_write(int rules, const char *folder);
/* Closes the rule set, and with `bind` puts it in force. */
enum status confine_files_end(int rules, bool bind) MUST_USE;

/* --- system calls: seccomp --- */

/* ST_UNSUPPORTED, ST_NO_MEMORY. */
enum status confine_calls(void) MUST_USE;
