#include "grant.h"

#include <stdlib.h>
#include <string.h>

#include "base64url.h"
#include "crypto.h"
#include "json.h"
#include "secret.h"

_Static_assert((int)VOUCHSAFE_GRANT_KEY_LEN == (int)OCT_KEY_LEN, "one length");

static const int64_t TIME_MAX = INT64_C(9007199254740991); /* 2^53 - 1: exact in JSON */

bool grant_key_ok(const uint8_t key[static OCT_KEY_LEN])
{
    uint8_t differ = 0;

    for (size_t i = 1; i < OCT_KEY_LEN; i++)
        differ |= key[i] ^ key[0];
    return differ != 0;
}

enum vouchsafe_error vouchsafe_grant_key(uint8_t key[VOUCHSAFE_GRANT_KEY_LEN])
{
    if (!key)
        return VOUCHSAFE_BAD_ARGUMENT;
    crypto_random(key, VOUCHSAFE_GRANT_KEY_LEN);
    return VOUCHSAFE_OK;
}

/* {"cnf":{"jwk":{"kty":"oct","k":...}}} (RFC 7800 §3.3) */
static enum status read_key(const cJSON *answer, uint8_t key[static OCT_KEY_LEN])
{
    const cJSON *cnf, *jwk;
    struct slice kty;

    if (json_get_object(answer, "cnf", &cnf) || json_get_object(cnf, "jwk", &jwk) ||
        json_get_text(jwk, "kty", 8, &kty) || !slice_is(kty, "oct"))
        return ST_INVALID;
    return json_get_bytes(jwk, "k", key, OCT_KEY_LEN);
}

/* A key for which nobody asked would leave open which of the two the device has. */
static enum status choose_key(const cJSON *answer, const uint8_t *own_key,
                              uint8_t key[static OCT_KEY_LEN])
{
    if (!own_key)
        return read_key(answer, key);
    if (cJSON_GetObjectItemCaseSensitive(answer, "cnf"))
        return ST_INVALID;
    memcpy(key, own_key, OCT_KEY_LEN);
    return ST_OK;
}

struct slice grant_shown(const struct vouchsafe_grant *g)
{
    return g->kind == DEVICE_HELLO_GRANT ? (struct slice){ g->id, sizeof g->id }
                                         : slice_of(g->shown);
}

static enum status read_shown(const cJSON *about, const char *name, enum device_hello_kind kind,
                              struct vouchsafe_grant *g)
{
    struct slice text;
    enum status st = json_get_text(about, name, DEVICE_TOKEN_MAX, &text);

    g->kind = kind;
    return st ? st : slice_copy_text(text, g->shown, sizeof g->shown);
}

static enum status read_grant_id(const cJSON *about, struct vouchsafe_grant *g)
{
    enum status st = read_shown(about, "grant_id", DEVICE_HELLO_GRANT, g);

    return st ? st : base64url_decode_exact(slice_of(g->shown), g->id, sizeof g->id);
}

static enum status read_token(const cJSON *about, struct vouchsafe_grant *g)
{
    return read_shown(about, "token", DEVICE_HELLO_TOKEN, g);
}

static const struct {
    const char *name;
    bool waits;
    enum status (*read)(const cJSON *about, struct vouchsafe_grant *g);
} deliveries[] = {
    { "acknowledged", false, read_grant_id },
    { "queued", true, read_grant_id },
    { "token", false, read_token },
};

static enum status read_delivery(const cJSON *about, struct vouchsafe_grant *g)
{
    struct slice name;
    enum status st = json_get_text(about, "delivery", 32, &name);

    for (size_t i = 0; !st && i < sizeof deliveries / sizeof deliveries[0]; i++)
        if (slice_is(name, deliveries[i].name)) {
            g->waits = deliveries[i].waits;
            return deliveries[i].read(about, g);
        }
    return ST_INVALID;
}

static enum status read_about(const cJSON *about, struct vouchsafe_grant *g)
{
    const cJSON *once = cJSON_GetObjectItemCaseSensitive(about, "once");
    struct slice device, scope;

    if (json_get_text(about, "device", DEVICE_ID_MAX, &device) || !device_id_ok(device) ||
        slice_copy_text(device, g->device, sizeof g->device) ||
        json_get_text(about, "scope", GRANT_SCOPE_MAX, &scope) || !grant_scope_ok(scope) ||
        slice_copy_text(scope, g->scope, sizeof g->scope) ||
        json_get_int(about, "nbf", 0, TIME_MAX, &g->not_before) ||
        json_get_int(about, "exp", 0, TIME_MAX, &g->expires) || !cJSON_IsBool(once))
        return ST_INVALID;
    g->once = cJSON_IsTrue(once);
    return g->not_before < g->expires ? read_delivery(about, g) : ST_INVALID;
}

static enum vouchsafe_error read_answer(const cJSON *answer, const uint8_t *own_key,
                                        struct vouchsafe_grant *g)
{
    const cJSON *about;
    enum status st = json_get_object(answer, "device_grant", &about);

    if (st == ST_NOT_FOUND)
        return VOUCHSAFE_NO_GRANT;
    if (st || read_about(about, g) || choose_key(answer, own_key, g->key) || !grant_key_ok(g->key))
        return VOUCHSAFE_BAD_ANSWER;
    return VOUCHSAFE_OK;
}

/* The key as text, which the tree would leave behind. */
static void wipe_key_text(const cJSON *answer)
{
    const cJSON *cnf = cJSON_GetObjectItemCaseSensitive(answer, "cnf");
    cJSON *k = cJSON_GetObjectItemCaseSensitive(cJSON_GetObjectItemCaseSensitive(cnf, "jwk"), "k");

    if (cJSON_IsString(k))
        secret_wipe(k->valuestring, strlen(k->valuestring));
}

static enum vouchsafe_error parse(struct slice text, const uint8_t *own_key,
                                  struct vouchsafe_grant *g)
{
    cJSON *answer;
    enum status st = json_parse_object(text, &JSON_MESSAGE_LIMITS, &answer);

    if (st)
        return st == ST_NO_MEMORY ? VOUCHSAFE_NO_MEMORY : VOUCHSAFE_BAD_ANSWER;
    enum vouchsafe_error error = read_answer(answer, own_key, g);
    wipe_key_text(answer);
    cJSON_Delete(answer);
    return error;
}

enum vouchsafe_error vouchsafe_grant_new(const char *answer, size_t len, const uint8_t *own_key,
                                         struct vouchsafe_grant **out)
{
    if (!out)
        return VOUCHSAFE_BAD_ARGUMENT;
    *out = NULL;
    if (!answer || (own_key && !grant_key_ok(own_key)))
        return VOUCHSAFE_BAD_ARGUMENT;
    struct vouchsafe_grant *g = calloc(1, sizeof *g);
    if (!g)
        return VOUCHSAFE_NO_MEMORY;
    enum vouchsafe_error error = parse((struct slice){ (const uint8_t *)answer, len }, own_key, g);
    if (error)
        vouchsafe_grant_free(g);
    else
        *out = g;
    return error;
}

void vouchsafe_grant_free(struct vouchsafe_grant *grant)
{
    if (!grant)
        return;
    secret_wipe(grant, sizeof *grant);
    free(grant);
}

void vouchsafe_grant_info(const struct vouchsafe_grant *grant, struct vouchsafe_grant_info *out)
{
    *out = (struct vouchsafe_grant_info){ .device = NULL };
    if (!grant)
        return;
    *out = (struct vouchsafe_grant_info){
        .device = grant->device,
        .scope = grant->scope,
        .not_before = grant->not_before,
        .expires = grant->expires,
        .once = grant->once,
        .waits = grant->waits,
        .carried = grant->kind == DEVICE_HELLO_TOKEN,
        .shown = grant->shown,
    };
}
