#include "delivered_pins.h"

#include <stdio.h>
#include <string.h>

#include "base64url.h"

static bool is_among(const struct delivered_pins *p, const struct digest *pin)
{
    for (uint32_t i = 0; i < p->count; i++)
        if (memcmp(p->pins[i].bytes, pin->bytes, sizeof pin->bytes) == 0)
            return true;
    return false;
}

enum status delivered_pins_read(cfg_t *cfg, struct delivered_pins *out, char *why, size_t why_cap)
{
    unsigned count = cfg_size(cfg, "pins");
    struct digest pin;

    out->count = 0;
    if (count > PINS_MAX) {
        snprintf(why, why_cap, "pins: at most %d", PINS_MAX);
        return ST_INVALID;
    }
    for (unsigned i = 0; i < count; i++) {
        const char *text = cfg_getnstr(cfg, "pins", i);
        if (base64url_decode_exact(slice_of(text), pin.bytes, sizeof pin.bytes)) {
            snprintf(
                why, why_cap,
                "pins: \"%.64s\" is not the SHA-256 of a key in base64url (43 characters, no =)",
                text);
            return ST_INVALID;
        }
        if (is_among(out, &pin)) {
            snprintf(why, why_cap, "pins: \"%.64s\" is there twice", text);
            return ST_INVALID;
        }
        out->pins[out->count++] = pin;
    }
    return ST_OK;
}
