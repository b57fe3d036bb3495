#include "client_auth.h"

#include <string.h>

#include "base64url.h"
#include "form.h"
#include "msg_challenge.h"

enum {
    ESCAPED = 3, /* %XX */
    CREDENTIALS_MAX = ESCAPED * (CLIENT_ID_MAX + SECRET_LEN_MAX) + 1
};

/* Standard base64 with padding (RFC 7617 §2), made from the other alphabet. */
static void write_base64(struct writer *w, struct slice bytes)
{
    size_t start = w->len;

    base64url_write(w, bytes);
    if (w->full)
        return;
    for (size_t i = start; i < w->len; i++)
        if (w->data[i] == '-' || w->data[i] == '_')
            w->data[i] = w->data[i] == '-' ? '+' : '/';
    while ((w->len - start) % 4)
        writer_byte(w, '=');
}

static void apply_basic(const struct client *client, struct writer *form,
                        struct writer *authorization)
{
    uint8_t bytes[CREDENTIALS_MAX];
    struct writer w = writer_over(bytes, sizeof bytes);

    (void)form;
    form_escape(&w, slice_of(client->id));
    writer_byte(&w, ':');
    form_escape(&w, keyring_current_secret(client->keyring));
    writer_text(authorization, "Basic ");
    write_base64(authorization, writer_slice(&w));
    authorization->full |= w.full;
    secret_wipe(bytes, sizeof bytes);
}

/* client_id is in the form already: the gate has looked at it. */
static void apply_post(const struct client *client, struct writer *form,
                       struct writer *authorization)
{
    (void)authorization;
    form_append(form, "client_secret", keyring_current_secret(client->keyring));
}

static void apply_none(const struct client *client, struct writer *form,
                       struct writer *authorization)
{
    (void)client, (void)form, (void)authorization;
}

static const struct client_auth_method methods[] = {
    { "client_secret_basic", apply_basic },
    { "client_secret_post", apply_post },
    { "none", apply_none },
};

const struct client_auth_method *client_auth_find(const char *name)
{
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
        if (strcmp(methods[i].name, name) == 0)
            return &methods[i];
    return NULL;
}
