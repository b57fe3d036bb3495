/* registry_build: one build's folder of the registry, and its mapped files. */
#pragma once
#include "registry.h"

/* `name` is the folder's name, which must be the binary's build-id. */
enum status registry_build_read(const char *folder, const char *name, struct build *out, char *why,
                                size_t why_cap) MUST_USE;
void registry_build_clear(struct build *build);

/* Maps a file and reads it as ELF. */
enum status module_open(const char *path, const char *name, struct module *out, char *why,
                        size_t why_cap) MUST_USE;
void module_close(struct module *m);
