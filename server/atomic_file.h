/* atomic_file: files that are there whole or not at all, even after a crash at
 * any point: written under another name, synced, renamed, the folder synced. */
#pragma once
#include "bytes.h"

/* Writes `path` with mode 0600. ST_IO with errno set. */
enum status atomic_file_write(const char *path, struct slice bytes) MUST_USE;

/* Renames a finished folder or file into place and syncs the folder that it now
 * lies in. ST_EXISTS if something that may not be replaced is there; ST_IO. */
enum status atomic_file_move(const char *from, const char *to) MUST_USE;

/* Whether a file of this name is what a write leaves that was killed. */
bool atomic_file_is_unfinished(const char *name);
