#include "rights.h"

#include <string.h>

#include "device_token.h"
#include "jwe.h"
#include "secret.h"

static void set_scope(struct rights *r, struct slice scope)
{
    r->scope_len = (uint16_t)scope.len;
    memcpy(r->scope, scope.data, scope.len); /* grant_scope_ok said that it fits */
}

enum status rights_of_grant(struct vouchsafe_device *d, struct slice id, struct rights *out,
                            uint8_t key[static OCT_KEY_LEN])
{
    const struct grant_slot *slot = grants_find(&d->grants, id.data);

    if (!slot)
        return ST_NOT_FOUND;
    if (slot->expires <= device_time_now(&d->time))
        return ST_EXPIRED;
    *out = (struct rights){
        .once = slot->once,
        .not_before = slot->not_before,
        .expires = slot->expires,
    };
    memcpy(out->id, slot->id, sizeof out->id);
    set_scope(out, (struct slice){ slot->scope, slot->scope_len });
    memcpy(key, slot->key, OCT_KEY_LEN);
    return ST_OK;
}

/* The possession key out of cnf.jwe, with the newest key that opens it. */
static enum status unseal(struct vouchsafe_device *d, struct slice jwe,
                          uint8_t key[static OCT_KEY_LEN])
{
    static const struct jwe_header expected = {
        .cty = { (const uint8_t *)DEVICE_TOKEN_CTY, sizeof DEVICE_TOKEN_CTY - 1 },
    };
    uint8_t jwk[2 * JWK_OCT_MAX + AEAD_TAG_LEN];
    size_t len = 0;
    enum status st = ST_DENIED;

    for (size_t i = 0; st && i < d->unsealer_count; i++)
        st = jwe_decrypt_with(&d->unsealers[i], &expected, jwe, jwk, sizeof jwk, &len);
    if (!st)
        st = jwk_oct_read((struct slice){ jwk, len }, key);
    secret_wipe(jwk, sizeof jwk);
    return st;
}

static enum status check_fresh(const struct vouchsafe_device *d,
                               const struct device_token_claims *c, const struct rights *r)
{
    if (d->time.at_start && c->issued_at <= d->time.at_start)
        return ST_EXPIRED; /* it may have been spent before the start */
    return spent_has(&d->spent, r->id) ? ST_EXISTS : ST_OK;
}

static void fill_from_claims(const struct device_token_claims *c, struct rights *out)
{
    struct digest hash = crypto_sha256(c->token_id);

    *out = (struct rights){
        .from_token = true,
        .once = c->once,
        .not_before = c->not_before,
        .expires = c->expires,
    };
    memcpy(out->id, hash.bytes, sizeof out->id);
    set_scope(out, c->scope);
}

enum status rights_of_token(struct vouchsafe_device *d, struct slice token, struct rights *out,
                            uint8_t key[static OCT_KEY_LEN])
{
    uint8_t scratch[DEVICE_TOKEN_MAX];
    struct device_token_claims claims;
    const struct device_token_rules rules = {
        .keys = d->signers,
        .key_count = d->issuer.len ? d->signer_count : 0,
        .issuer = d->issuer,
        .audience = d->id,
        .now = device_time_now(&d->time),
        .now_is_exact = device_time_is_exact(&d->time),
        .skew = d->skew,
        .max_lifetime = d->max_lifetime,
    };
    enum status st = device_token_verify(token, &rules, scratch, sizeof scratch, &claims);

    if (st)
        return st;
    fill_from_claims(&claims, out);
    st = check_fresh(d, &claims, out);
    if (!st)
        st = unseal(d, claims.jwe, key);
    if (!st)
        device_time_learn(&d->time, claims.issued_at, true);
    return st;
}

enum status rights_confirm(struct vouchsafe_device *d, const struct rights *r)
{
    if (!r->from_token)
        return ST_OK;
    return spent_add(&d->spent, r->id, r->expires, device_time_now(&d->time));
}

static bool is_in_time(const struct vouchsafe_device *d, const struct rights *r)
{
    int64_t now = device_time_now(&d->time);
    int64_t skew = device_time_is_exact(&d->time) ? d->skew : 0;

    return r->not_before <= now + skew && now < r->expires;
}

/* A grant in the table may have been revoked or used up by another session meanwhile. */
static enum answer_code claim(struct vouchsafe_device *d, struct rights *r)
{
    struct grant_slot *slot = r->from_token ? NULL : grants_find(&d->grants, r->id);

    if (r->from_token ? r->over : !slot)
        return ANSWER_DENIED;
    if (slot && slot->state == GRANT_CLAIMED)
        return ANSWER_BUSY;
    r->claimed = r->once;
    if (slot && r->once)
        slot->state = GRANT_CLAIMED;
    return ANSWER_DONE;
}

enum answer_code rights_ask(struct vouchsafe_device *d, struct rights *r, struct slice action)
{
    struct slice scope = { r->scope, r->scope_len };

    if (!is_in_time(d, r) || !grant_scope_has(scope, action))
        return ANSWER_DENIED;
    return claim(d, r);
}

void rights_settle(struct vouchsafe_device *d, struct rights *r, bool may_have_happened)
{
    if (!r->claimed)
        return;
    struct grant_slot *slot = r->from_token ? NULL : grants_find(&d->grants, r->id);
    r->claimed = false;
    if (r->from_token)
        r->over = may_have_happened;
    else if (slot && may_have_happened)
        grants_end(slot);
    else if (slot)
        slot->state = GRANT_USABLE;
}
