#include "binding.h"

#include <string.h>

#include "base64url.h"
#include "msg_challenge.h"
#include "policy.h"

_Static_assert((int)CODE_CHALLENGE_LEN == (int)STORE_ID_LEN, "a code_challenge names its record");

static struct digest owner_of(const struct client *client, const struct digest *jkt)
{
    uint8_t bytes[CLIENT_ID_MAX + 1 + SHA256_LEN];
    struct writer w = writer_over(bytes, sizeof bytes);

    writer_put(&w, slice_of(client->id));
    writer_byte(&w, 0);
    writer_put(&w, (struct slice){ jkt->bytes, sizeof jkt->bytes });
    return crypto_sha256(writer_slice(&w));
}

enum status binding_of_challenge(struct binding *b, struct slice code_challenge,
                                 const struct client *client, const struct digest *jkt)
{
    *b = (struct binding){ .key.space = STORE_BINDING, .owner = owner_of(client, jkt) };
    return base64url_decode_exact(code_challenge, b->key.id, sizeof b->key.id);
}

void binding_of_verifier(struct binding *b, struct slice code_verifier, const struct client *client,
                         const struct digest *jkt)
{
    struct digest challenge = crypto_sha256(code_verifier);

    *b = (struct binding){ .key.space = STORE_BINDING, .owner = owner_of(client, jkt) };
    memcpy(b->key.id, challenge.bytes, sizeof b->key.id);
}

/* An HMAC under a known key, so that no code_challenge names the same record. */
void binding_of_device_code(struct binding *b, struct slice device_code,
                            const struct client *client, const struct digest *jkt)
{
    struct digest name = crypto_hmac_sha256(SLICE_LIT("device_code"), device_code);

    *b = (struct binding){ .key.space = STORE_BINDING, .owner = owner_of(client, jkt) };
    memcpy(b->key.id, name.bytes, sizeof b->key.id);
}

static bool is_owner(const struct binding *b, struct slice value)
{
    return slice_equal(value, (struct slice){ b->owner.bytes, sizeof b->owner.bytes });
}

static void compared(void *arg, enum status st, struct slice value)
{
    struct binding *b = arg;

    if (st == ST_OK && !is_owner(b, value))
        st = ST_DENIED;
    b->done(b->arg, st);
}

static void claimed(void *arg, enum status st, struct slice value)
{
    struct binding *b = arg;

    (void)value;
    if (st == ST_EXISTS)
        store_get(b->store, &b->key, compared, b);
    else
        b->done(b->arg, st);
}

void binding_claim(struct binding *b, struct store *store, uint32_t ttl_ms, binding_fn *done,
                   void *arg)
{
    b->store = store;
    b->done = done;
    b->arg = arg;
    store_create(store, &b->key, (struct slice){ b->owner.bytes, sizeof b->owner.bytes }, ttl_ms,
                 claimed, b);
}

static void looked_at(void *arg, enum status st, struct slice value)
{
    struct binding *b = arg;

    if (st == ST_OK && is_owner(b, value))
        store_take(b->store, &b->key, compared, b);
    else
        b->done(b->arg, st ? st : ST_DENIED);
}

/* Looked at before it is taken, so that nobody else can consume it. */
void binding_take(struct binding *b, struct store *store, binding_fn *done, void *arg)
{
    b->store = store;
    b->done = done;
    b->arg = arg;
    store_get(store, &b->key, looked_at, b);
}

void binding_look(struct binding *b, struct store *store, binding_fn *done, void *arg)
{
    b->store = store;
    b->done = done;
    b->arg = arg;
    store_get(store, &b->key, compared, b);
}
