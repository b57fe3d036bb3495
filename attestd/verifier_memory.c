#include "verifier.h"

static uint64_t count(const struct build *build, size_t module)
{
    return elf_image_blocks(&build->modules[module].image);
}

/* A read-only segment is mapped as the file has it: without text relocations, which elf_image
 * refuses, nobody writes to it. */
static void feed(const struct module *m, uint64_t n, struct crypto_hmac *digest)
{
    uint32_t segment;
    uint64_t offset;
    size_t len;

    if (elf_image_block(&m->image, n, &segment, &offset, &len))
        return;
    const uint8_t *start = m->file.data + m->image.segments[segment].file_offset + offset;
    crypto_hmac_update(digest, (struct slice){ start, len });
}

const struct verifier VERIFIER_MEMORY = { .covers = true, .count = count, .feed = feed };
