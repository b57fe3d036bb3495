/* settings_device: the section of the configuration about devices (device.h). */
#pragma once
#include "settings_read.h"

extern cfg_opt_t settings_device_opts[];

/* Once the seal keyring is read. Without a registry there is nothing: out->registry is NULL. */
enum status settings_device_read(const struct section *s, const struct settings *all,
                                 struct device_settings *out) MUST_USE;
void settings_device_clear(struct device_settings *d);

/* Of a client: which devices it may have grants for. */
#define SETTINGS_CLIENT_DEVICE_OPTS                                                                \
    CFG_STR_LIST("devices", (char *)"{}", CFGF_NONE),                                              \
        CFG_BOOL("queue_grants", cfg_false, CFGF_NONE),                                            \
        CFG_INT("grant_max_lifetime", 0, CFGF_NONE)
enum status settings_client_devices_read(const struct section *s, const struct settings *all,
                                         struct client *c) MUST_USE;
