#include "rewrite.h"

#include <string.h>

/* Ours to give, never the client's (RFC 6749 §2.3.1, RFC 7521 §4.2). */
static const char *const dropped[] = { "client_assertion", "client_assertion_type",
                                       "client_secret" };

/* What the gate and the endpoints look at. */
static const char *const decided[] = {
    "client_id",
    "client_secret",
    "client_assertion",
    "client_assertion_type",
    "grant_type",
    "scope",
    "code",
    "code_verifier",
    "code_challenge",
    "response_type",
    "code_challenge_method",
    "redirect_uri",
    "request",
    "request_uri",
    "refresh_token",
    "token",
    "token_type_hint",
    "subject_token",
    "subject_token_type",
    "actor_token",
    "actor_token_type",
    "audience",
    "resource",
    "authorization_details",
    "req_cnf",
};

static bool name_char(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_';
}

static bool name_grammar(struct slice name)
{
    for (size_t i = 0; i < name.len; i++)
        if (!name_char(name.data[i]))
            return false;
    return name.len > 0;
}

static uint8_t fold(uint8_t c)
{
    if (c == '.')
        return '_';
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 'a' - 'A') : c;
}

/* Another text than `word`, but the same to a lenient reader. */
static bool mimics(struct slice name, const char *word)
{
    if (name.len != strlen(word) || slice_is(name, word))
        return false;
    for (size_t i = 0; i < name.len; i++)
        if (fold(name.data[i]) != (uint8_t)word[i])
            return false;
    return true;
}

static bool admissible(const struct form_param *p)
{
    if (!name_grammar(p->name) || memchr(p->raw.data, ';', p->raw.len))
        return false;
    for (size_t i = 0; i < sizeof decided / sizeof *decided; i++)
        if (mimics(p->name, decided[i]))
            return false;
    return true;
}

enum status rewrite_admit(const struct form *form)
{
    for (size_t i = 0; i < form->count; i++)
        if (!admissible(&form->params[i]))
            return ST_INVALID;
    return ST_OK;
}

bool rewrite_drops(struct slice name)
{
    for (size_t i = 0; i < sizeof dropped / sizeof *dropped; i++)
        if (slice_is(name, dropped[i]))
            return true;
    return false;
}

size_t rewrite_room(const struct form *in)
{
    size_t room = 0;

    for (size_t i = 0; i < in->count; i++)
        room += in->params[i].raw.len + 1;
    return room;
}

void rewrite_form(const struct form *in, struct writer *out)
{
    for (size_t i = 0; i < in->count; i++) {
        if (rewrite_drops(in->params[i].name))
            continue;
        if (out->len)
            writer_byte(out, '&');
        writer_put(out, in->params[i].raw);
    }
}
