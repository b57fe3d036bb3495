/* config_plain: reads the plain form in which the control programs write configuration, without
 * libconfuse's scanner, which costs more than all else about a small file. */
#pragma once
#include <confuse.h>
#include <stdbool.h>

/* Sets what the text sets: words, "=", and texts in double quotes without escapes, decimal numbers,
 * true or false; sections with a title. False if there is anything else, right or wrong: that is
 * libconfuse's to read or to explain, with a cfg of its own, as this one may be half filled. */
bool config_plain_fill(cfg_t *cfg, const char *text);
