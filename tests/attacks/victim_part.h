/* victim_part: what the victim ships in a library of its own, libvictim-part.so. */
#pragma once

__attribute__((visibility("default"))) int victim_part_price(void);
