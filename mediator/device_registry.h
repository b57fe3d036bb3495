/* device_registry: the devices of a mediator, as they lie in a folder: one file a device, ID.json,
 * private like a keyring's, and written whole and renamed into place. */
#pragma once
#include "device.h"

struct device_registry;

/* ST_DENIED if others may enter the folder or read a file; ST_NOT_FOUND, ST_INVALID, ST_IO,
 * ST_NO_MEMORY. `why` receives a text for people that names the file. */
enum status device_registry_read(const char *folder, struct device_registry **out, char *why,
                                 size_t why_cap) MUST_USE;
void device_registry_free(struct device_registry *r);

size_t device_registry_count(const struct device_registry *r);
/* Sorted by id. */
const struct device *device_registry_at(const struct device_registry *r, size_t i);
/* NULL if there is none of that id, or it has been revoked. Without a registry there is none. */
const struct device *device_registry_find(const struct device_registry *r, struct slice id);

/* For mediatorctl. A change is made by one at a time: the folder is locked meanwhile. */
struct device_change {
    int lock;
    char path[4096];
    struct device device; /* as it is now; or empty where it is new */
};
/* ST_EXISTS if `new` and it is there, ST_NOT_FOUND if not `new` and it is not. Makes the folder
 * if need be. On failure there is nothing to end. */
enum status device_change_begin(const char *folder, const char *id, bool new,
                                struct device_change *out, char *why, size_t why_cap) MUST_USE;
/* Writes the device as it is now. */
enum status device_change_write(struct device_change *c, char *why, size_t why_cap) MUST_USE;
void device_change_end(struct device_change *c);
