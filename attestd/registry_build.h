/* registry_build: one build's folder of the registry, and its mapped files. */
#pragma once
#include "registry.h"
#include "sources.h"

/* `name` is the folder's name, which must be the binary's build-id. sources may be NULL. */
enum status registry_build_read(const char *folder, const char *name, struct sources *sources,
                                struct build *out, char *why, size_t why_cap) MUST_USE;
void registry_build_clear(struct build *build);
/* Room for so many modules, none of them there yet. ST_NO_MEMORY. */
enum status build_make_room(struct build *build, size_t modules) MUST_USE;

/* Maps a file and reads it as ELF. */
enum status module_open(const char *path, const char *name, struct module *out, char *why,
                        size_t why_cap) MUST_USE;
