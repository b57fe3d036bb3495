/* victim_shop: what an attacker finds in the victim by name. In a file of its own, so that the
 * compiler calls it rather than what it knows of it. */
#pragma once

int victim_price(void);
int victim_free(void); /* called by nobody but a hook */
