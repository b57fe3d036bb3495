#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "attester.h"

/* Reads block n; the last one of a file may be short. */
static enum status read_block(int fd, uint32_t n, uint8_t out[static PROBE_BLOCK_LEN], size_t *len)
{
    off_t at = (off_t)n * PROBE_BLOCK_LEN;

    *len = 0;
    while (*len < PROBE_BLOCK_LEN) {
        ssize_t got = pread(fd, out + *len, PROBE_BLOCK_LEN - *len, at + (off_t)*len);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return ST_IO;
        if (got == 0)
            break;
        *len += (size_t)got;
    }
    return *len ? ST_OK : ST_NOT_FOUND;
}

static enum status feed_blocks(int fd, const struct probe *probe, struct crypto_hmac *digest)
{
    for (uint32_t i = 0; i < probe->block_count; i++) {
        uint8_t block[PROBE_BLOCK_LEN];
        size_t len;
        enum status st = read_block(fd, probe->blocks[i], block, &len);
        if (st)
            return st;
        crypto_hmac_update(digest, (struct slice){ block, len });
    }
    return ST_OK;
}

enum status attester_file(const struct probe *probe, const struct self_module *module,
                          struct crypto_hmac *digest)
{
    int fd = open(module->path, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return ST_IO;
    enum status st = feed_blocks(fd, probe, digest);
    close(fd);
    return st;
}
