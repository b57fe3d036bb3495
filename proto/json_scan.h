/* json_scan: reads the members of one JSON object where they lie, without allocating, as strictly
 * as json.h and more so: for devices, and for what is read before it is trusted. */
#pragma once
#include "json.h"

enum json_scan_type { JSON_SCAN_TEXT, JSON_SCAN_INT, JSON_SCAN_BOOL, JSON_SCAN_OBJECT };
enum json_scan_need { JSON_SCAN_REQUIRED, JSON_SCAN_OPTIONAL };
enum json_scan_others { JSON_SCAN_OTHERS_REFUSED, JSON_SCAN_OTHERS_IGNORED };

enum { JSON_SCAN_MEMBERS_MAX = 32 }; /* of one object */

/* Those of tokens, without a need of cJSON. */
extern const struct json_limits JSON_SCAN_LIMITS;

/* A member that is asked for, and what was found. */
struct json_scan_field {
    const char *name;
    enum json_scan_type type;
    enum json_scan_need need;
    bool present;
    struct slice text; /* TEXT: between the quotes; OBJECT: with its braces; borrowed */
    int64_t number;    /* INT; BOOL: 0 or 1 */
};

/* Fills fields[count]. ST_INVALID for what json_parse_object refuses, for a name or a text that is
 * asked for and has an escape in it (nothing that is read so needs one), an empty text, a number
 * that is no whole one of at most 15 digits, another type, a required member that is missing, and
 * for others if they are refused; ST_TOO_LARGE past max_len or JSON_SCAN_MEMBERS_MAX. */
enum status json_scan(struct slice text, const struct json_limits *limits,
                      enum json_scan_others others, struct json_scan_field *fields,
                      size_t count) MUST_USE;
