/* delivered_pins: the keys that apps may know attestd by from now on: what "pins" in its
 * configuration says, sent with each token. */
#pragma once
#include "config.h"
#include "msg_attestation.h"

enum { PIN_TEXT_MAX = 48 }; /* of one in a message */

struct delivered_pins {
    uint32_t count;
    struct digest pins[PINS_MAX];
};

enum status delivered_pins_read(cfg_t *cfg, struct delivered_pins *out, char *why,
                                size_t why_cap) MUST_USE;
