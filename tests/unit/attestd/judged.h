/* judged: what a verifier says of a report on the build of folder.h. */
#pragma once
#include "folder.h"
#include "verifier.h"

static struct registry *registry;
static const struct build *build;
static struct probe probe;
static struct appraisal found;
static char text_of_id[BUILD_ID_TEXT_MAX + 1];

static inline void judged_setup(void)
{
    folder_fill();
    registry = folder_read();
    build = app_build(registry_app(registry, SLICE_LIT("app")), &build_id);
    strcpy(text_of_id, build_id_text(&build_id).text);
}

static inline void judged_teardown(void)
{
    registry_free(registry);
    folder_remove();
}

/* A copy of the text with `with` for each '@'. */
static inline void expand(const char *text, const char *with, char *out, size_t cap)
{
    struct writer w = writer_over(out, cap - 1);

    for (; *text; text++)
        if (*text == '@')
            writer_text(&w, with);
        else
            writer_byte(&w, (uint8_t)*text);
    cr_assert_not(w.full);
    out[w.len] = '\0';
}

/* What the report, in which @ is the build-id, is found to show: "result subject" of each claim.
 */
static inline const char *judged(enum probe_kind kind, const char *text)
{
    static char report[4096], shown[4096];
    const struct question question = { &probe, build, 0 };

    found.claim_count = 0;
    shown[0] = '\0';
    expand(text, text_of_id, report, sizeof report);
    verifier_of(kind)->judge(&question, slice_of(report), &found);
    for (uint32_t i = 0; i < found.claim_count; i++)
        snprintf(shown + strlen(shown), sizeof shown - strlen(shown), "%s%s %s%s%s", i ? "; " : "",
                 claim_result_name(found.claims[i].result), found.claims[i].subject,
                 found.claims[i].detail[0] ? " > " : "", found.claims[i].detail);
    return shown;
}
