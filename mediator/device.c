#include "device.h"

#include <string.h>

#include "jwk.h"
#include "secret.h"

const char *const DEVICE_MODES[DEVICE_MODE_COUNT] = {
    [DEVICE_PUSH] = "push", [DEVICE_SEALED] = "sealed"
};

static const struct json_limits limits = { .max_len = DEVICE_FILE_MAX,
                                           .max_depth = 4,
                                           .max_items = 256 };

bool device_name_ok(struct slice id)
{
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~";

    if (id.len == 0 || id.len > DEVICE_ID_MAX || id.data[0] == '.')
        return false;
    for (size_t i = 0; i < id.len; i++)
        if (!id.data[i] || !strchr(allowed, id.data[i]))
            return false;
    return true;
}

/* --- keys --- */

static enum status read_oct(cJSON *jwk, struct device_key *out)
{
    cJSON *k = cJSON_GetObjectItemCaseSensitive(jwk, "k");
    enum status st = json_get_bytes(jwk, "k", out->secret, sizeof out->secret);

    if (cJSON_IsString(k))
        secret_wipe(k->valuestring, strlen(k->valuestring));
    return st ? ST_INVALID : ST_OK;
}

static enum status read_x25519(const cJSON *jwk, struct dh_public *out)
{
    *out = (struct dh_public){ .curve = DH_X25519 };
    return json_get_bytes(jwk, "x", out->x, sizeof out->x) ? ST_INVALID : ST_OK;
}

static enum status read_p256(const cJSON *jwk, struct dh_public *out)
{
    struct public_key key;
    enum status st = jwk_read(jwk, &key);

    if (st)
        return st;
    if (key.type != KEY_P256)
        return ST_UNSUPPORTED; /* a key that signs decrypts nothing */
    memcpy(out->x, key.x, sizeof out->x);
    memcpy(out->y, key.y, sizeof out->y);
    return ST_OK;
}

enum status device_public_read(const cJSON *jwk, struct dh_public *out)
{
    struct slice crv;

    *out = (struct dh_public){ .curve = DH_P256 };
    if (cJSON_GetObjectItemCaseSensitive(jwk, "d"))
        return ST_INVALID;
    if (json_get_text(jwk, "crv", 16, &crv) == ST_OK && slice_is(crv, "X25519"))
        return read_x25519(jwk, out);
    return read_p256(jwk, out);
}

static enum status read_key(cJSON *jwk, enum device_mode mode, struct device_key *out)
{
    struct slice kid, kty;
    enum status st = json_get_text(jwk, "kty", 16, &kty);

    *out = (struct device_key){ .until = INT64_MAX };
    if (!st)
        st = json_get_text(jwk, "kid", JWT_KID_MAX, &kid);
    if (!st)
        st = slice_copy_text(kid, out->kid, sizeof out->kid);
    if (!st && json_get_int(jwk, "until", 0, DEVICE_TIME_MAX, &out->until) == ST_INVALID)
        st = ST_INVALID;
    if (st)
        return ST_INVALID;
    if (mode == DEVICE_SEALED)
        return device_public_read(jwk, &out->public);
    return slice_is(kty, "oct") ? read_oct(jwk, out) : ST_UNSUPPORTED;
}

/* The first is the current one, and the only one that has no end. */
static enum status read_keys(const cJSON *object, struct device *out)
{
    const cJSON *list;
    enum status st = json_get_array(object, "keys", &list);

    if (st)
        return ST_INVALID;
    for (cJSON *jwk = list->child; jwk && !st; jwk = jwk->next) {
        if (out->key_count == DEVICE_KEYS_MAX)
            return ST_TOO_LARGE;
        struct device_key *key = &out->keys[out->key_count];
        st = cJSON_IsObject(jwk) ? read_key(jwk, out->mode, key) : ST_INVALID;
        if (!st && (key->until == INT64_MAX) != (out->key_count == 0))
            st = ST_INVALID;
        out->key_count++;
    }
    return !st && out->key_count == 0 ? ST_INVALID : st;
}

/* --- the rest --- */

static enum status read_mode(const cJSON *object, enum device_mode *out)
{
    struct slice word;

    if (json_get_text(object, "mode", 16, &word))
        return ST_INVALID;
    for (size_t i = 0; i < DEVICE_MODE_COUNT; i++)
        if (slice_is(word, DEVICE_MODES[i])) {
            *out = (enum device_mode)i;
            return ST_OK;
        }
    return ST_UNSUPPORTED;
}

static enum status read_flag(const cJSON *object, const char *name, bool *out)
{
    const cJSON *flag = cJSON_GetObjectItemCaseSensitive(object, name);

    *out = cJSON_IsTrue(flag);
    return !flag || cJSON_IsBool(flag) ? ST_OK : ST_INVALID;
}

bool device_scope_ok(const char *text)
{
    size_t len = strlen(text);

    if (len == 0 || len > DEVICE_SCOPE_MAX)
        return false;
    for (; *text; text++)
        if (*text <= ' ' || *text > '~' || *text == '"' || *text == '\\')
            return false;
    return true;
}

static enum status read_scopes(const cJSON *object, struct words *out)
{
    const cJSON *list;
    enum status st = json_get_array(object, "scopes", &list);

    if (st)
        return st == ST_NOT_FOUND ? ST_OK : st;
    for (const cJSON *item = list->child; item && !st; item = item->next) {
        if (out->count == DEVICE_SCOPES_MAX)
            return ST_TOO_LARGE;
        st = cJSON_IsString(item) && device_scope_ok(item->valuestring)
                 ? words_add(out, slice_of(item->valuestring))
                 : ST_INVALID;
    }
    return st;
}

static enum status read_limits(const cJSON *object, struct device *out)
{
    enum status st = read_flag(object, "revoked", &out->revoked);

    if (!st)
        st = read_flag(object, "once", &out->once);
    if (!st)
        st = read_flag(object, "queue", &out->queue);
    if (!st && json_get_int(object, "max_lifetime", 0, DEVICE_LIFETIME_MAX, &out->max_lifetime) ==
                   ST_INVALID)
        st = ST_INVALID;
    return st ? st : read_scopes(object, &out->scopes);
}

static enum status read_object(const cJSON *object, struct device *out)
{
    static const char *const members[] = { "mode",   "label",        "revoked", "once", "queue",
                                           "scopes", "max_lifetime", "keys",    NULL };
    struct slice label = { NULL, 0 };
    enum status st = json_only_members(object, members);

    if (!st)
        st = read_mode(object, &out->mode);
    if (!st)
        st = json_get_optional_text(object, "label", DEVICE_LABEL_MAX, &label);
    if (!st)
        st = slice_copy_text(label, out->label, sizeof out->label);
    if (!st)
        st = read_limits(object, out);
    return st ? st : read_keys(object, out);
}

enum status device_decode(const char *id, struct slice text, struct device *out)
{
    cJSON *object;

    *out = (struct device){ .key_count = 0 };
    if (!device_name_ok(slice_of(id)) || slice_copy_text(slice_of(id), out->id, sizeof out->id))
        return ST_INVALID;
    enum status st = json_parse_object(text, &limits, &object);
    if (st)
        return st;
    st = read_object(object, out);
    cJSON_Delete(object);
    if (st)
        device_clear(out);
    return st;
}

/* --- writing --- */

static void write_public(struct json_writer *j, const struct dh_public *key)
{
    json_text(j, "crv", slice_of(key->curve == DH_X25519 ? "X25519" : "P-256"));
    json_text(j, "kty", slice_of(key->curve == DH_X25519 ? "OKP" : "EC"));
    json_base64url(j, "x", (struct slice){ key->x, sizeof key->x });
    if (key->curve == DH_P256)
        json_base64url(j, "y", (struct slice){ key->y, sizeof key->y });
}

static void write_key(struct json_writer *j, enum device_mode mode, const struct device_key *key)
{
    json_begin_object(j, NULL);
    json_text(j, "kid", slice_of(key->kid));
    if (mode == DEVICE_SEALED) {
        write_public(j, &key->public);
    } else {
        json_text(j, "kty", SLICE_LIT("oct"));
        json_base64url(j, "k", (struct slice){ key->secret, sizeof key->secret });
    }
    if (key->until != INT64_MAX)
        json_int(j, "until", key->until);
    json_end_object(j);
}

enum status device_encode(const struct device *d, struct writer *w)
{
    struct json_writer j = json_writer_over(w);

    json_begin_object(&j, NULL);
    json_text(&j, "mode", slice_of(DEVICE_MODES[d->mode]));
    if (d->label[0])
        json_text(&j, "label", slice_of(d->label));
    json_bool(&j, "revoked", d->revoked);
    json_bool(&j, "once", d->once);
    json_bool(&j, "queue", d->queue);
    json_int(&j, "max_lifetime", d->max_lifetime);
    json_begin_array(&j, "scopes");
    for (size_t i = 0; i < d->scopes.count; i++)
        json_text(&j, NULL, slice_of(d->scopes.list[i]));
    json_end_array(&j);
    json_begin_array(&j, "keys");
    for (size_t i = 0; i < d->key_count; i++)
        write_key(&j, d->mode, &d->keys[i]);
    json_end_array(&j);
    json_end_object(&j);
    writer_byte(w, '\n');
    return w->full ? ST_TOO_LARGE : ST_OK;
}

void device_clear(struct device *d)
{
    words_clear(&d->scopes);
    secret_wipe(d, sizeof *d);
}

enum status device_rotate(struct device *d, const struct device_key *key, int64_t now,
                          int64_t until)
{
    struct device_key keys[DEVICE_KEYS_MAX] = { *key };
    size_t count = 1;
    enum status st = ST_OK;

    keys[0].until = INT64_MAX;
    for (size_t i = 0; i < d->key_count && !st; i++) {
        struct device_key former = d->keys[i];
        if (former.until == INT64_MAX)
            former.until = until;
        if (former.until > now && count == DEVICE_KEYS_MAX)
            st = ST_BUSY;
        else if (former.until > now)
            keys[count++] = former;
        secret_wipe(&former, sizeof former);
    }
    if (!st) {
        memcpy(d->keys, keys, sizeof keys);
        d->key_count = count;
    }
    secret_wipe(keys, sizeof keys);
    return st;
}
