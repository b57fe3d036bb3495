#include "call.h"

#include <stdlib.h>
#include <string.h>

#include "secret.h"

static bool copy(const char *text, char **out)
{
    *out = text ? strdup(text) : NULL;
    return *out || !text;
}

struct call *call_new(const struct call_kind *kind, void *arg, const char *url,
                      const char *audience, const char *challenge, const char *form)
{
    struct call *c = calloc(1, sizeof *c);

    if (!c)
        return NULL;
    c->kind = kind;
    c->arg = arg;
    if (copy(url, &c->url) && copy(audience, &c->audience) && copy(challenge, &c->challenge) &&
        copy(form, &c->form))
        return c;
    call_free(c);
    return NULL;
}

void call_free(struct call *c)
{
    exchange_cancel(c->exchange);
    if (c->form)
        secret_wipe(c->form, strlen(c->form));
    secret_wipe(c->result, sizeof c->result);
    free(c->url);
    free(c->audience);
    free(c->challenge);
    free(c->form);
    free(c);
}
