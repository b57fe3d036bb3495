/* device_hub: the devices that are connected to this daemon, all on one loop: who dials in, who is
 * there, and pushes to them. One connection a device: the newest. */
#pragma once
#include "device_link.h"
#include "device_registry.h"
#include "log.h"
#include "settings.h"

struct device_hub;
struct meter;

struct device_hub_options {
    struct event_base *base;
    struct log *log;
    struct meter *meter;
    const struct device_settings *settings; /* borrowed until device_hub_change */
    /* A device has come in, be it anew: `context` is then that of its former connection. Or its
     * last connection has gone. */
    void (*came)(void *arg, struct device_link *link);
    void (*left)(void *arg, struct device_link *link);
    void *arg;
};

/* ST_IO: an address cannot be listened on, and `why` says which. */
enum status device_hub_new(const struct device_hub_options *options, struct device_hub **out,
                           char *why, size_t why_cap) MUST_USE;
/* Pushes under way end with ST_LOST. */
void device_hub_free(struct device_hub *h);

/* Another configuration: those who are not in its registry any more have to leave. Addresses and
 * the number of connections stay. */
void device_hub_change(struct device_hub *h, const struct device_settings *settings);

size_t device_hub_count(const struct device_hub *h);
bool device_hub_has(const struct device_hub *h, const char *id);

/* As device_link_push; ST_NOT_FOUND if the device is not connected: nothing will fire. */
enum status device_hub_push(struct device_hub *h, const char *id, struct slice grant,
                            struct device_push *push) MUST_USE;
/* It is connected elsewhere by now. */
void device_hub_drop(struct device_hub *h, const char *id);
