#include "grants.h"

#include <string.h>

#include "secret.h"

void grants_init(struct grants *g, struct grant_slot *slots, uint32_t capacity)
{
    *g = (struct grants){ .slots = slots, .capacity = capacity };
    for (uint32_t i = 0; i < capacity; i++)
        slots[i] = (struct grant_slot){ .state = GRANT_FREE };
}

void grants_clear(struct grants *g)
{
    for (uint32_t i = 0; i < g->capacity; i++)
        secret_wipe(&g->slots[i], sizeof g->slots[i]);
}

static struct grant_slot *find(struct grants *g, const uint8_t id[static GRANT_ID_LEN])
{
    for (uint32_t i = 0; i < g->capacity; i++)
        if (g->slots[i].state != GRANT_FREE && memcmp(g->slots[i].id, id, GRANT_ID_LEN) == 0)
            return &g->slots[i];
    return NULL;
}

static bool same(const struct grant_slot *slot, const struct grant *grant)
{
    return secret_equal((struct slice){ slot->key, sizeof slot->key },
                        (struct slice){ grant->key, sizeof grant->key }) &&
           slot->not_before == (int64_t)grant->not_before &&
           slot->expires == (int64_t)grant->expires && slot->once == grant->once &&
           slice_equal((struct slice){ slot->scope, slot->scope_len }, grant->scope);
}

/* A free place, or that of a grant that has expired. One that a command runs under stays. */
static struct grant_slot *make_room(struct grants *g, int64_t now)
{
    for (uint32_t i = 0; i < g->capacity; i++) {
        struct grant_slot *slot = &g->slots[i];
        bool over = slot->state != GRANT_CLAIMED && slot->expires <= now;
        if (slot->state == GRANT_FREE || over)
            return slot;
    }
    return NULL;
}

static void fill(struct grant_slot *slot, const struct grant *grant)
{
    secret_wipe(slot, sizeof *slot);
    slot->state = GRANT_USABLE;
    slot->once = grant->once;
    slot->not_before = (int64_t)grant->not_before;
    slot->expires = (int64_t)grant->expires;
    slot->scope_len = (uint16_t)grant->scope.len;
    memcpy(slot->id, grant->id, sizeof slot->id);
    memcpy(slot->key, grant->key, sizeof slot->key);
    memcpy(slot->scope, grant->scope.data, grant->scope.len);
}

enum grant_result grants_put(struct grants *g, const struct grant *grant, int64_t now)
{
    struct grant_slot *slot = find(g, grant->id);

    if (slot)
        return slot->state == GRANT_OVER || same(slot, grant) ? GRANT_TAKEN : GRANT_REFUSED;
    if ((int64_t)grant->expires <= now)
        return GRANT_LATE;
    slot = make_room(g, now);
    if (!slot)
        return GRANT_NO_ROOM;
    fill(slot, grant);
    return GRANT_TAKEN;
}

void grants_end(struct grant_slot *slot)
{
    secret_wipe(slot->key, sizeof slot->key);
    slot->state = GRANT_OVER;
}

void grants_revoke(struct grants *g, const uint8_t id[static GRANT_ID_LEN])
{
    struct grant_slot *slot = find(g, id);

    if (slot)
        grants_end(slot);
}

struct grant_slot *grants_find(struct grants *g, const uint8_t id[static GRANT_ID_LEN])
{
    struct grant_slot *slot = find(g, id);

    return slot && slot->state != GRANT_OVER ? slot : NULL;
}

uint32_t grants_held(const struct grants *g)
{
    uint32_t held = 0;

    for (uint32_t i = 0; i < g->capacity; i++)
        held += g->slots[i].state != GRANT_FREE;
    return held;
}
