#include "device_relay.h"

#include <stdio.h>
#include <string.h>

#include "box.h"
#include "hex.h"
#include "secret.h"

static struct store_channel channel_named(const char *kind, const char *name)
{
    char text[128];
    int n = snprintf(text, sizeof text, "%s %s", kind, name);

    return store_channel_hashed((struct slice){ (const uint8_t *)text, (size_t)n });
}

struct store_channel relay_device_channel(const char *device)
{
    return channel_named("device", device);
}

struct store_channel relay_own_channel(const uint8_t id[static RELAY_ID_LEN])
{
    char text[2 * RELAY_ID_LEN + 1];

    hex_encode(text, (struct slice){ id, RELAY_ID_LEN });
    return channel_named("mediator", text);
}

/* A message that was published on one channel is none on another. */
static struct box_scope scope_of(const struct store_channel *channel)
{
    return (struct box_scope){ "device relay", { channel->id, sizeof channel->id } };
}

enum status relay_seal(const struct keyring *k, const struct store_channel *channel, int64_t now,
                       const struct relay_message *m, struct writer *w)
{
    uint8_t plain[RELAY_HEAD + RELAY_BODY_MAX];
    struct writer p = writer_over(plain, sizeof plain);
    const struct box_scope scope = scope_of(channel);

    writer_byte(&p, (uint8_t)m->kind);
    writer_put(&p, (struct slice){ m->sender, sizeof m->sender });
    writer_put(&p, (struct slice){ m->job, sizeof m->job });
    writer_u32be(&p, (uint32_t)((uint64_t)now >> 32));
    writer_u32be(&p, (uint32_t)(uint64_t)now);
    writer_put(&p, m->body);
    enum status st = p.full ? ST_TOO_LARGE : box_close(k, &scope, writer_slice(&p), w);
    secret_wipe(plain, sizeof plain);
    return st;
}

static int64_t read_time(const uint8_t *bytes)
{
    uint64_t value = 0;

    for (size_t i = 0; i < 8; i++)
        value = value << 8 | bytes[i];
    return (int64_t)value;
}

static enum status read_plain(struct slice plain, int64_t now, struct relay_message *out)
{
    const uint8_t *at = plain.data;

    if (plain.len < RELAY_HEAD || at[0] >= RELAY_KIND_COUNT)
        return ST_INVALID;
    out->kind = (enum relay_kind)at[0];
    memcpy(out->sender, at + 1, RELAY_ID_LEN);
    memcpy(out->job, at + 1 + RELAY_ID_LEN, RELAY_ID_LEN);
    int64_t sent = read_time(at + 1 + 2 * RELAY_ID_LEN);
    out->body = (struct slice){ at + RELAY_HEAD, plain.len - RELAY_HEAD };
    return sent < now - RELAY_SECONDS_MAX || sent > now + RELAY_SECONDS_MAX ? ST_EXPIRED : ST_OK;
}

enum status relay_open(const struct keyring *k, const struct store_channel *channel, int64_t now,
                       struct slice sealed, uint8_t *room, struct relay_message *out)
{
    const struct box_scope scope = scope_of(channel);
    struct slice plain;

    if (sealed.len > RELAY_SEALED_MAX)
        return ST_TOO_LARGE;
    enum status st = box_open(k, now, &scope, sealed, room, &plain);
    return st ? st : read_plain(plain, now, out);
}
