/* Every message between mediator, device and app, and device tokens under a key that signed none.
 * What is decoded is encoded as the same bytes. */
#include <string.h>

#include "device_token.h"
#include "fuzz.h"
#include "msg_command.h"
#include "msg_device_beat.h"
#include "msg_device_hello.h"
#include "msg_device_ready.h"
#include "msg_grant.h"
#include "msg_grant_ack.h"
#include "msg_grant_revoke.h"

/* A message of any kind as it was decoded. */
union message {
    struct device_hello hello;
    struct device_ready ready;
    struct device_beat beat;
    struct grant grant;
    struct grant_ack ack;
    struct grant_revoke revoke;
    struct command command;
    struct answer answer;
};

#define CODEC(name, member)                                                                        \
    static enum status decode_##member(struct slice s, union message *m)                           \
    {                                                                                              \
        return name##_decode(s, &m->member);                                                       \
    }                                                                                              \
    static enum status encode_##member(const union message *m, struct writer *w)                   \
    {                                                                                              \
        return name##_encode(&m->member, w);                                                       \
    }
CODEC(device_hello, hello)
CODEC(device_ready, ready)
CODEC(device_beat, beat)
CODEC(grant, grant)
CODEC(grant_ack, ack)
CODEC(grant_revoke, revoke)
CODEC(command, command)
CODEC(answer, answer)

static const struct {
    enum status (*decode)(struct slice s, union message *m);
    enum status (*encode)(const union message *m, struct writer *w);
} codecs[] = {
    { decode_hello, encode_hello },     { decode_ready, encode_ready },
    { decode_beat, encode_beat },       { decode_grant, encode_grant },
    { decode_ack, encode_ack },         { decode_revoke, encode_revoke },
    { decode_command, encode_command }, { decode_answer, encode_answer },
};

static void read_token(struct slice text)
{
    static struct jwk_named keys[2];
    const struct device_token_rules rules = { .keys = keys, .key_count = 2, .max_lifetime = 600 };
    uint8_t scratch[DEVICE_TOKEN_MAX];
    struct device_token_claims claims;

    for (size_t i = 0; i < 2 && !keys[i].key.x[0]; i++) {
        struct private_key key;
        MUST(crypto_key_generate((enum key_type)i, &key) == ST_OK);
        keys[i].key = key.public;
    }
    MUST(device_token_verify(text, &rules, scratch, sizeof scratch, &claims) != ST_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static uint8_t bytes[DEVICE_HELLO_MAX];

    for (size_t i = 0; i < sizeof codecs / sizeof codecs[0]; i++) {
        struct writer w = writer_over(bytes, sizeof bytes);
        union message m;
        if (codecs[i].decode((struct slice){ data, len }, &m) != ST_OK)
            continue;
        MUST(codecs[i].encode(&m, &w) == ST_OK);
        MUST(w.len == len && memcmp(bytes, data, len) == 0);
    }
    read_token((struct slice){ data, len });
    return 0;
}
