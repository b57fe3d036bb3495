#include "pop_challenge.h"

#include "pop.h"

#define KEY_PREFIX "mediator challenge:" /* attestd's challenges share the space */

struct store_key pop_challenge_key(struct slice text)
{
    uint8_t bytes[sizeof KEY_PREFIX + POP_CHALLENGE_MAX];
    struct writer w = writer_over(bytes, sizeof bytes);

    writer_text(&w, KEY_PREFIX);
    writer_put(&w, text);
    return store_key_hashed(STORE_CHALLENGE, writer_slice(&w));
}

void pop_challenge_issue(struct store *store, struct pop_challenge *out, uint32_t ttl_ms,
                         store_fn *done, void *arg)
{
    uint8_t bytes[32];

    crypto_random(bytes, sizeof bytes);
    base64url_encode(out->text, (struct slice){ bytes, sizeof bytes });
    struct store_key key = pop_challenge_key(slice_of(out->text));
    store_create(store, &key, (struct slice){ NULL, 0 }, ttl_ms, done, arg);
}
