/* registry_private: opens the registry's folders and files, which nobody but this user and root may
 * have to do with. All: ST_DENIED, ST_NOT_FOUND, ST_IO, and `why` names the file. */
#pragma once
#include "sources.h"

/* A file or folder that nobody else may read or write, and no link. */
enum status registry_check_private(const char *path, char *why, size_t why_cap) MUST_USE;

/* The same, of a folder that is about to be looked into. */
enum status registry_enter(const char *folder, struct sources *sources, char *why,
                           size_t why_cap) MUST_USE;

/* Opens a file to be read, and says how long it is. */
enum status registry_open(const char *path, struct sources *sources, int *fd, size_t *size,
                          char *why, size_t why_cap) MUST_USE;

/* Calls fn for each name in a folder that does not begin with a dot, until one fails. */
typedef enum status registry_name_fn(void *arg, const char *folder, const char *name);
enum status registry_each(const char *folder, struct sources *sources, registry_name_fn *fn,
                          void *arg, char *why, size_t why_cap) MUST_USE;
