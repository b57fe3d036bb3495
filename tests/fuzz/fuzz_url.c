#include <string.h>

#include "fuzz.h"
#include "url.h"

/* The parts of what is accepted lie within its text. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct url url;

    if (url_read((struct slice){ data, len }, &url) != ST_OK)
        return 0;
    MUST(url.host.len && url.port && url.path.len && url.path.data[0] == '/');
    MUST(url.host.data >= data && url.host.data + url.host.len <= data + len);
    MUST(!memchr(url.authority.data, '@', url.authority.len));
    return 0;
}
