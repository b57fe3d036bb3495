/* json_splice: replaces one value in the text of an object, and leaves every
 * other byte as it came. */
#pragma once
#include "json.h"

/* The text of the member's value, borrowed from `text`, which json_parse_object
 * has read into `object`: what is taken for its name is what the reader takes for
 * it, escapes and all. ST_NOT_FOUND. */
enum status json_find_value(struct slice text, const cJSON *object, const char *name,
                            struct slice *value) MUST_USE;

/* Appends `text` with `by` in place of `value`, which lies in it. */
void json_splice(struct writer *w, struct slice text, struct slice value, struct slice by);
