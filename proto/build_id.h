/* build_id: the GNU build-id that names one linked binary. */
#pragma once
#include "json.h"

enum { BUILD_ID_MIN = 8, BUILD_ID_MAX = 32, BUILD_ID_TEXT_MAX = 2 * BUILD_ID_MAX };

struct build_id {
    uint8_t len;
    uint8_t bytes[BUILD_ID_MAX];
};

bool build_id_equal(const struct build_id *a, const struct build_id *b);

/* Lower-case hexadecimal; ST_INVALID otherwise or outside the lengths. */
enum status build_id_read(struct slice text, struct build_id *out) MUST_USE;
struct build_id_text {
    char text[BUILD_ID_TEXT_MAX + 1];
};
struct build_id_text build_id_text(const struct build_id *id);
