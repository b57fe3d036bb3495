#include <string.h>

#include "fuzz.h"
#include "proxy_header.h"

/* Every beginning of what is read wants more, nothing behind it matters, and what the strict mode
 * takes the lenient one takes alike. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct proxy_header header, again;
    size_t consumed, part;
    enum proxy_progress progress =
        proxy_header_read((struct slice){ data, len }, PROXY_ANY, &header, &consumed);

    if (progress != PROXY_DONE) {
        MUST(proxy_header_read((struct slice){ data, len }, PROXY_V2, &again, &part) != PROXY_DONE);
        return 0;
    }
    MUST(consumed <= len && consumed <= PROXY_HEADER_MAX);
    for (size_t n = 0; n < consumed; n++)
        MUST(proxy_header_read((struct slice){ data, n }, PROXY_ANY, &again, &part) == PROXY_MORE);
    MUST(proxy_header_read((struct slice){ data, consumed }, PROXY_ANY, &again, &part) ==
         PROXY_DONE);
    MUST(part == consumed && again.local == header.local);
    MUST(memcmp(&again.source, &header.source, sizeof again.source) == 0);
    return 0;
}
