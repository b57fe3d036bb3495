#include "base64url.h"
#include "fuzz.h"

/* What decodes has exactly this text. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    uint8_t bytes[4096];
    char text[BASE64URL_LEN(sizeof bytes) + 1];
    size_t n;

    if (base64url_decode((struct slice){ data, len }, bytes, sizeof bytes, &n) != ST_OK)
        return 0;
    base64url_encode(text, (struct slice){ bytes, n });
    MUST(slice_equal(slice_of(text), (struct slice){ data, len }));
    return 0;
}
