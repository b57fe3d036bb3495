/* Apart from secret.c: who only wipes and compares, as a device does, gets no pool of pages. */
#include <string.h>

#include "secret.h"

void secret_wipe(void *data, size_t len)
{
    explicit_bzero(data, len);
}

bool secret_equal(struct slice a, struct slice b)
{
    uint8_t difference = a.len != b.len;

    for (size_t i = 0; i < a.len && i < b.len; i++)
        difference |= a.data[i] ^ b.data[i];
    return difference == 0;
}
