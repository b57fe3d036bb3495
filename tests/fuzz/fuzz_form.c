#include <string.h>

#include "form.h"
#include "fuzz.h"

/* What parses parses to the same after it has been written anew. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static uint8_t scratch[1 << 14], text[1 << 16], again[1 << 16];
    static struct form form, second;
    struct writer w = writer_over(text, sizeof text);

    if (form_parse((struct slice){ data, len }, scratch, sizeof scratch, &form) != ST_OK)
        return 0;
    for (size_t i = 0; i < form.count; i++) {
        char name[1 << 14];
        MUST(slice_copy_text(form.params[i].name, name, sizeof name) == ST_OK);
        form_append(&w, name, form.params[i].value);
    }
    MUST(form_parse(writer_slice(&w), again, sizeof again, &second) == ST_OK);
    MUST(second.count == form.count);
    for (size_t i = 0; i < form.count; i++)
        MUST(slice_equal(form.params[i].value, second.params[i].value));
    return 0;
}
