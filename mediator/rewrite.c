#include "rewrite.h"

#include <string.h>

/* Ours to give, never the client's (RFC 6749 §2.3.1, RFC 7521 §4.2). */
static const char *const dropped[] = { "client_assertion", "client_assertion_type",
                                       "client_secret" };

/* What the gate and the endpoints look at. */
static const struct slice decided[] = {
    SLICE_LIT("client_id"),
    SLICE_LIT("client_secret"),
    SLICE_LIT("client_assertion"),
    SLICE_LIT("client_assertion_type"),
    SLICE_LIT("grant_type"),
    SLICE_LIT("scope"),
    SLICE_LIT("code"),
    SLICE_LIT("code_verifier"),
    SLICE_LIT("code_challenge"),
    SLICE_LIT("response_type"),
    SLICE_LIT("code_challenge_method"),
    SLICE_LIT("redirect_uri"),
    SLICE_LIT("request"),
    SLICE_LIT("request_uri"),
    SLICE_LIT("refresh_token"),
    SLICE_LIT("token"),
    SLICE_LIT("token_type_hint"),
    SLICE_LIT("subject_token"),
    SLICE_LIT("subject_token_type"),
    SLICE_LIT("actor_token"),
    SLICE_LIT("actor_token_type"),
    SLICE_LIT("audience"),
    SLICE_LIT("resource"),
    SLICE_LIT("authorization_details"),
    SLICE_LIT("req_cnf"),
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
static bool mimics(struct slice name, struct slice word)
{
    if (name.len != word.len || slice_equal(name, word))
        return false;
    for (size_t i = 0; i < name.len; i++)
        if (fold(name.data[i]) != word.data[i])
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
