#include "attester.h"

/* Block n of the segments, each of which starts a new one; empty if there is none. */
static struct slice find_block(const struct self_module *module, uint32_t n)
{
    for (uint32_t i = 0; i < module->segment_count; i++) {
        size_t len = module->segments[i].len;
        size_t blocks = (len + PROBE_BLOCK_LEN - 1) / PROBE_BLOCK_LEN;
        if (n >= blocks) {
            n -= (uint32_t)blocks;
            continue;
        }
        size_t at = (size_t)n * PROBE_BLOCK_LEN;
        return (struct slice){ module->segments[i].start + at,
                               len - at < PROBE_BLOCK_LEN ? len - at : PROBE_BLOCK_LEN };
    }
    return (struct slice){ NULL, 0 };
}

enum status attester_memory(const struct probe *probe, const struct self_module *module,
                            struct crypto_hmac *digest)
{
    for (uint32_t i = 0; i < probe->block_count; i++) {
        struct slice block = find_block(module, probe->blocks[i]);
        if (!block.len)
            return ST_NOT_FOUND;
        crypto_hmac_update(digest, block);
    }
    return ST_OK;
}
