#include "elf_image.h"
#include "fuzz.h"

/* Every block of what is accepted lies within the file. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct elf_image image;
    const char *why;

    if (elf_image_read((struct slice){ data, len }, &image, &why) != ST_OK) {
        MUST(why != NULL);
        return 0;
    }
    uint64_t blocks = elf_image_blocks(&image);
    for (uint64_t n = 0; n < blocks; n++) {
        uint32_t segment;
        uint64_t offset;
        size_t size;
        MUST(elf_image_block(&image, n, &segment, &offset, &size) == ST_OK);
        MUST(image.segments[segment].file_offset + offset + size <= len);
    }
    return 0;
}
