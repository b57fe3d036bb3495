/* device_wish: what a token request says about a device: which one, the key to bind the grant to,
 * and how little would do. */
#pragma once
#include "device_details.h"
#include "form.h"
#include "refusal.h"
#include "settings.h"

struct device_wish {
    const struct device *device; /* NULL: none is named */
    bool has_key;                /* the app's own, from req_cnf (RFC 9201 §3.1) */
    uint8_t key[OCT_KEY_LEN];
    bool has_details;
    struct device_details details; /* narrow what upstream grants */
};

/* A device is named by its id as an `audience` (RFC 8693 §2.1), by the prefix and its id as an
 * `audience` or `resource` (RFC 8707), or in authorization_details; all that name one name the
 * same. What this function read and upstream is not to see is taken out of the form: req_cnf, and
 * the device's name and details unless upstream judges who may reach which. Wipe *out. */
struct verdict device_wish_read(const struct settings *s, const struct client *client, int64_t now,
                                struct form *form, struct device_wish *out);
