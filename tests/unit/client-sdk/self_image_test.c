#include "self_image.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "file.h"

/* What the loader mapped against what the file says, as the server reads it. */
Test(self_image, the_executable_is_as_its_file)
{
    struct slice file = file_read("/proc/self/exe");
    struct self_module self;
    struct elf_image image;
    const char *why;

    cr_assert_eq(self_executable(&self), ST_OK);
    cr_assert_eq(elf_image_read(file, &image, &why), ST_OK);
    cr_assert(build_id_equal(&self.build_id, &image.build_id));
    cr_assert_eq(self.segment_count, image.segment_count);
    for (uint32_t i = 0; i < image.segment_count; i++) {
        cr_assert_eq(self.segments[i].len, image.segments[i].len);
        cr_assert(slice_equal(
            (struct slice){ self.segments[i].start, self.segments[i].len },
            (struct slice){ file.data + image.segments[i].file_offset, image.segments[i].len }));
    }
    free((void *)file.data);
}

static enum status keep(const struct self_module *module, void *arg)
{
    *(struct self_module *)arg = *module;
    return ST_EXPIRED; /* any word of its own */
}

Test(self_image, modules_are_visited_by_build_id)
{
    struct self_module self, found;

    cr_assert_eq(self_executable(&self), ST_OK);
    cr_assert_eq(self_visit(&self.build_id, keep, &found), ST_EXPIRED);
    cr_assert_eq(found.segments[0].start, self.segments[0].start);
    self.build_id.bytes[3] ^= 1;
    cr_assert_eq(self_visit(&self.build_id, keep, &found), ST_NOT_FOUND);
}
