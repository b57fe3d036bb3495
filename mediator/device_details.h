/* device_details: what RFC 9396 authorization_details say about a device, asked or granted:
 *
 *   { "type": "vouchsafe_device", "locations": ["urn:vouchsafe:device:front-door"],
 *     "actions": ["door:unlock", "alarm:off"], "nbf": 1790000000, "exp": 1790010000, "once": true }
 *
 * nbf and exp (seconds since the epoch) and once may be left out. A member that is not known here
 * could be a limit that nobody would enforce: it is refused. */
#pragma once
#include "device.h"
#include "json.h"
#include "msg_grant.h"

#define DEVICE_DETAILS_TYPE "vouchsafe_device"
struct device_details {
    char id[DEVICE_ID_MAX + 1];
    char scope[GRANT_SCOPE_MAX + 1]; /* the actions, separated by spaces */
    int64_t not_before;              /* INT64_MIN: it does not say */
    int64_t expires;                 /* INT64_MAX: likewise */
    bool once;
};

/* The one item of ours, which is about one device. *others: whether there are items of another
 * type. ST_NOT_FOUND if there is none; ST_INVALID also if there are several. `prefix` is that of
 * devices' resources. */
enum status device_details_asked(struct slice text, const char *prefix, struct device_details *out,
                                 bool *others) MUST_USE;

/* The item about this device among those of an answer. ST_NOT_FOUND if there is none; ST_INVALID
 * also if there are several. */
enum status device_details_granted(const cJSON *list, const char *prefix, const char *id,
                                   struct device_details *out) MUST_USE;

/* The id in a resource: what follows the prefix. Empty if it is none of ours. */
struct slice device_of_resource(struct slice resource, const char *prefix);
