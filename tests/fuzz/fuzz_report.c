#include <string.h>

#include "fuzz.h"
#include "report.h"
#include "self_maps.h"

static uint8_t text[1 << 17];

/* What is read is written as it was, and lies within the input. */
#define ROUND_TRIP(type)                                                                           \
    static void check_##type(struct slice report)                                                  \
    {                                                                                              \
        struct slice rest = report;                                                                \
        struct report_##type line;                                                                 \
        while (rest.len > 0 && report_##type##_next(&rest, &line) == ST_OK) {                      \
            struct writer w = writer_over(text, sizeof text);                                      \
            struct slice again;                                                                    \
            struct report_##type second;                                                           \
            report_##type##_write(&w, &line);                                                      \
            MUST(!w.full);                                                                         \
            again = writer_slice(&w);                                                              \
            MUST(report_##type##_next(&again, &second) == ST_OK && again.len == 0);                \
            struct writer w2 = writer_over(text + w.len, sizeof text - w.len);                     \
            report_##type##_write(&w2, &second);                                                   \
            MUST(slice_equal(writer_slice(&w), writer_slice(&w2)));                                \
        }                                                                                          \
    }

ROUND_TRIP(mapping)
ROUND_TRIP(import)
ROUND_TRIP(fact)

static void check_maps_line(struct slice line)
{
    struct maps_entry entry;

    if (maps_line_read(line, &entry) != ST_OK)
        return;
    MUST(entry.start < entry.end);
    MUST(entry.path.len == 0 || (entry.path.data >= line.data &&
                                 entry.path.data + entry.path.len <= line.data + line.len));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct slice report = { data, len };

    if (len > 16384)
        return 0;
    check_mapping(report);
    check_import(report);
    check_fact(report);
    while (report.len > 0)
        check_maps_line(slice_cut(&report, '\n'));
    return 0;
}
