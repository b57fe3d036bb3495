#include "jwk_oct.h"

#include "base64url.h"
#include "json_scan.h"

enum status jwk_oct_read(struct slice text, uint8_t key[static OCT_KEY_LEN])
{
    struct json_scan_field fields[] = {
        { .name = "kty", .type = JSON_SCAN_TEXT },
        { .name = "k", .type = JSON_SCAN_TEXT, .need = JSON_SCAN_OPTIONAL },
    };
    enum status st = json_scan(text, &JSON_SCAN_LIMITS, JSON_SCAN_OTHERS_IGNORED, fields, 2);

    if (st)
        return st;
    if (!slice_is(fields[0].text, "oct"))
        return ST_UNSUPPORTED;
    return fields[1].present ? base64url_decode_exact(fields[1].text, key, OCT_KEY_LEN)
                             : ST_INVALID;
}

enum status jwk_oct_write(const uint8_t key[static OCT_KEY_LEN], struct writer *w)
{
    struct json_writer j = json_writer_over(w);

    json_begin_object(&j, NULL);
    json_base64url(&j, "k", (struct slice){ key, OCT_KEY_LEN });
    json_text(&j, "kty", SLICE_LIT("oct"));
    json_end_object(&j);
    return w->full ? ST_TOO_LARGE : ST_OK;
}
