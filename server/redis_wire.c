#include "redis_wire.h"

#include <hiredis/hiredis.h>

#include "secret.h"

enum status redis_wire_init(struct redis_wire *w, const struct redis_words *words)
{
    const char *texts[REDIS_WORDS_MAX];
    size_t lengths[REDIS_WORDS_MAX];

    for (size_t i = 0; i < words->count; i++) {
        texts[i] = words->words[i].len ? (const char *)words->words[i].data : "";
        lengths[i] = words->words[i].len;
    }
    int len = redisFormatSdsCommandArgv(&w->text, (int)words->count, texts, lengths);
    w->len = len < 0 ? 0 : (size_t)len;
    if (len < 0)
        w->text = NULL;
    return len < 0 ? ST_NO_MEMORY : ST_OK;
}

void redis_wire_clear(struct redis_wire *w)
{
    if (!w->text)
        return;
    secret_wipe(w->text, w->len);
    redisFreeSdsCommand(w->text);
    w->text = NULL;
}
