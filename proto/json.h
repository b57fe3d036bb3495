/* json: strict reading (RFC 8259, I-JSON RFC 7493) around cJSON, and a writer
 * that allocates nothing. */
#pragma once
#include <cjson/cJSON.h>

#include "bytes.h"

struct json_limits {
    size_t max_len;     /* bytes of text */
    unsigned max_depth; /* nested arrays and objects */
    unsigned max_items; /* values in all */
};
extern const struct json_limits JSON_MESSAGE_LIMITS; /* 64 KiB, 8, 4096 */
extern const struct json_limits JSON_TOKEN_LIMITS;   /* 4 KiB, 6, 128 */

/* Parses one object; free it with cJSON_Delete. ST_INVALID for anything that
 * is not one RFC 8259 object: bad UTF-8, a lone surrogate, \u0000, a duplicate
 * member at any depth, bytes after its end, too deep, too many values;
 * ST_TOO_LARGE past max_len; ST_NO_MEMORY. */
enum status json_parse_object(struct slice text, const struct json_limits *limits,
                              cJSON **out) MUST_USE;

/* Members of an object, borrowed from it. ST_NOT_FOUND if absent, ST_INVALID
 * if of another type, empty (text) or out of range. */
enum status json_get_text(const cJSON *object, const char *name, size_t max_len,
                          struct slice *out) MUST_USE;
/* The same, but an absent member leaves an empty slice and is ST_OK. */
enum status json_get_optional_text(const cJSON *object, const char *name, size_t max_len,
                                   struct slice *out) MUST_USE;
enum status json_get_int(const cJSON *object, const char *name, int64_t min, int64_t max,
                         int64_t *out) MUST_USE;
enum status json_get_number(const cJSON *object, const char *name, double min, double max,
                            double *out) MUST_USE;
enum status json_get_array(const cJSON *object, const char *name, const cJSON **out) MUST_USE;
enum status json_get_object(const cJSON *object, const char *name, const cJSON **out) MUST_USE;
/* A text member holding base64url of exactly n bytes. */
enum status json_get_bytes(const cJSON *object, const char *name, uint8_t *out, size_t n) MUST_USE;

/* ST_INVALID if the object has a member whose name is not in the
 * NULL-terminated list. */
enum status json_only_members(const cJSON *object, const char *const names[]) MUST_USE;

/* Writing: commas are placed by the writer, text is escaped. Invalid UTF-8 in
 * text becomes U+FFFD, so a log line is JSON whatever a peer sent. `name` is
 * NULL inside an array. */
struct json_writer {
    struct writer *out;
    bool comma;
};
struct json_writer json_writer_over(struct writer *w);
void json_begin_object(struct json_writer *j, const char *name);
void json_end_object(struct json_writer *j);
void json_begin_array(struct json_writer *j, const char *name);
void json_end_array(struct json_writer *j);
void json_text(struct json_writer *j, const char *name, struct slice value);
void json_int(struct json_writer *j, const char *name, int64_t value);
void json_number(struct json_writer *j, const char *name, double value, unsigned decimals);
void json_bool(struct json_writer *j, const char *name, bool value);
void json_base64url(struct json_writer *j, const char *name, struct slice bytes);
void json_hex(struct json_writer *j, const char *name, struct slice bytes);
