/* Records as attestctl keeps them, parsed in place. */
#include "record.h"

#include <string.h>

#include "fuzz.h"

static const struct record_key inner[] = { { "file", RECORD_TEXT, NULL },
                                           { "until", RECORD_NUMBER, NULL },
                                           { .name = NULL } };
static const struct record_key keys[] = { { "name", RECORD_TEXT, NULL },
                                          { "age", RECORD_NUMBER, NULL },
                                          { "list", RECORD_TEXTS, NULL },
                                          { "module", RECORD_SECTION, inner },
                                          { .name = NULL } };

static struct record_text text;

/* Within the room, and ended there. */
static void check_text(const char *t)
{
    MUST(t >= text.bytes && t + strlen(t) <= text.bytes + text.len);
}

static enum status take(void *arg, const struct record_item *item, char *why, size_t why_cap)
{
    (void)arg, (void)why, (void)why_cap;
    MUST(item->key < 4);
    if (item->key < 3) {
        check_text(item->value.text);
        MUST(item->value.number >= 0);
        return ST_OK;
    }
    check_text(item->title);
    for (size_t i = 0; i < 2; i++)
        if (item->inner[i].text)
            check_text(item->inner[i].text);
    return ST_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    char why[512] = "";

    if (len > RECORD_LEN_MAX || (len && memchr(data, 0, len)))
        return 0;
    memset(text.bytes, '"', sizeof text.bytes);
    if (len)
        memcpy(text.bytes, data, len);
    text.bytes[len] = '\0';
    text.len = len;
    enum status st = record_parse(&text, "f", keys, take, NULL, why, sizeof why);
    MUST(st == ST_OK || (st == ST_INVALID && strncmp(why, "f:", 2) == 0));
    return 0;
}
