#include "probe.h"

static const struct probe_form forms[PROBE_KIND_COUNT] = {
    [PROBE_MEMORY] = { "memory", "blocks", false }, [PROBE_FILE] = { "file", "blocks", false },
    [PROBE_MAPS] = { "maps", NULL, true },          [PROBE_IMPORTS] = { "imports", "slots", true },
    [PROBE_DEBUGGER] = { "debugger", NULL, true },  [PROBE_PRELOAD] = { "preload", NULL, true },
};

const struct probe_form *probe_form(enum probe_kind kind)
{
    return &forms[kind];
}

const char *probe_kind_name(enum probe_kind kind)
{
    return forms[kind].name;
}

enum status probe_kind_read(struct slice text, enum probe_kind *out)
{
    for (unsigned i = 0; i < PROBE_KIND_COUNT; i++)
        if (slice_is(text, forms[i].name)) {
            *out = (enum probe_kind)i;
            return ST_OK;
        }
    return ST_UNSUPPORTED;
}

void probe_digest_init(struct crypto_hmac *h, const uint8_t challenge[static CHALLENGE_LEN],
                       uint32_t id, enum probe_kind kind, const struct digest *jkt)
{
    uint8_t text[64];
    struct writer w = writer_over(text, sizeof text);

    writer_put(&w, SLICE_LIT("vouchsafe probe v1\0"));
    writer_u32be(&w, id);
    writer_text(&w, forms[kind].name);
    writer_byte(&w, 0);
    crypto_hmac_init(h, (struct slice){ challenge, CHALLENGE_LEN });
    crypto_hmac_update(h, writer_slice(&w));
    crypto_hmac_update(h, (struct slice){ jkt->bytes, sizeof jkt->bytes });
}
