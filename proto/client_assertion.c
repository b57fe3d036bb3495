#include "client_assertion.h"

#include "crypto.h"

enum { ID_BYTES = 16 };

enum status client_assertion_encode(const struct client_assertion *c, struct writer *w)
{
    struct json_writer j = json_writer_over(w);
    uint8_t random[ID_BYTES];

    crypto_random(random, sizeof random);
    json_begin_object(&j, NULL);
    json_text(&j, "iss", c->client_id);
    json_text(&j, "sub", c->client_id);
    json_text(&j, "aud", c->audience);
    json_base64url(&j, "jti", (struct slice){ random, sizeof random });
    json_int(&j, "iat", c->issued_at);
    json_int(&j, "exp", c->expires_at);
    json_end_object(&j);
    return w->full ? ST_TOO_LARGE : ST_OK;
}
