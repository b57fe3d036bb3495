/* registry_load: all apps of a registry's folder, read by as many threads as there are cores. */
#pragma once
#include "registry.h"

struct app_list {
    size_t count;
    struct app **apps; /* in no order */
};

/* As registry_read, whose `why` and keys these are. On failure the list is empty. */
enum status registry_load(const char *folder, const struct token_keys *keys, struct app_list *out,
                          char *why, size_t why_cap) MUST_USE;
void app_list_clear(struct app_list *list);
