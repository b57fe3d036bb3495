#include "crypto_dh.h"

#include <openssl/bn.h>
#include <openssl/curve25519.h>
#include <openssl/ec.h>
#include <openssl/ec_key.h>
#include <openssl/ecdh.h>
#include <string.h>

#include "crypto_p256.h"
#include "secret.h"

/* A random scalar misses the order of P-256 once in 2^32. */
enum { DRAWS_MAX = 4 };

static enum status p256_restore(struct dh_private *out)
{
    uint8_t point[1 + 2 * KEY_COORD_LEN];
    EC_KEY *ec = p256_private(out->d);
    size_t len = 0;

    if (ec)
        len = EC_POINT_point2oct(EC_KEY_get0_group(ec), EC_KEY_get0_public_key(ec),
                                 POINT_CONVERSION_UNCOMPRESSED, point, sizeof point, NULL);
    EC_KEY_free(ec);
    if (len != sizeof point)
        return ST_INVALID;
    memcpy(out->public.x, point + 1, KEY_COORD_LEN);
    memcpy(out->public.y, point + 1 + KEY_COORD_LEN, KEY_COORD_LEN);
    return ST_OK;
}

static EC_KEY *p256_peer(const struct dh_public *key)
{
    struct public_key point = { .type = KEY_P256 };

    memcpy(point.x, key->x, sizeof point.x);
    memcpy(point.y, key->y, sizeof point.y);
    return p256_public(&point);
}

static enum status p256_check(const struct dh_public *key)
{
    EC_KEY *ec = p256_peer(key);

    EC_KEY_free(ec);
    return ec ? ST_OK : ST_INVALID;
}

static enum status p256_shared(const struct dh_private *own, const struct dh_public *peer,
                               uint8_t out[static DH_SHARED_LEN])
{
    EC_KEY *other = p256_peer(peer);
    EC_KEY *self = other ? p256_private(own->d) : NULL;
    bool good = self && ECDH_compute_key(out, DH_SHARED_LEN, EC_KEY_get0_public_key(other), self,
                                         NULL) == DH_SHARED_LEN;

    EC_KEY_free(other);
    EC_KEY_free(self);
    return good ? ST_OK : ST_INVALID;
}

static enum status x25519_restore(struct dh_private *out)
{
    X25519_public_from_private(out->public.x, out->d);
    memset(out->public.y, 0, sizeof out->public.y);
    return ST_OK;
}

static enum status x25519_check(const struct dh_public *key)
{
    (void)key;
    return ST_OK;
}

static enum status x25519_shared(const struct dh_private *own, const struct dh_public *peer,
                                 uint8_t out[static DH_SHARED_LEN])
{
    return X25519(out, own->d, peer->x) ? ST_OK : ST_DENIED;
}

static const struct curve_ops {
    enum status (*restore)(struct dh_private *out); /* the public half from d */
    enum status (*check)(const struct dh_public *key);
    enum status (*shared)(const struct dh_private *own, const struct dh_public *peer, uint8_t *out);
} curves[] = {
    [DH_P256] = { p256_restore, p256_check, p256_shared },
    [DH_X25519] = { x25519_restore, x25519_check, x25519_shared },
};

enum status crypto_dh_from_private(enum dh_curve curve, const uint8_t d[static KEY_COORD_LEN],
                                   struct dh_private *out)
{
    out->public.curve = curve;
    memcpy(out->d, d, sizeof out->d);
    enum status st = curves[curve].restore(out);
    if (st)
        secret_wipe(out, sizeof *out);
    return st;
}

enum status crypto_dh_generate(enum dh_curve curve, random_fn *random, void *arg,
                               struct dh_private *out)
{
    uint8_t d[KEY_COORD_LEN];
    enum status st = ST_INVALID;

    for (unsigned i = 0; st == ST_INVALID && i < DRAWS_MAX; i++) {
        st = random(arg, d, sizeof d);
        if (!st)
            st = crypto_dh_from_private(curve, d, out);
    }
    secret_wipe(d, sizeof d);
    return st == ST_INVALID ? ST_NO_MEMORY : st;
}

enum status crypto_dh_check(const struct dh_public *key)
{
    return curves[key->curve].check(key);
}

enum status crypto_dh_shared(const struct dh_private *own, const struct dh_public *peer,
                             uint8_t out[static DH_SHARED_LEN])
{
    enum status st = ST_INVALID;

    if (own->public.curve == peer->curve)
        st = curves[peer->curve].shared(own, peer, out);
    if (st)
        secret_wipe(out, DH_SHARED_LEN);
    return st;
}
