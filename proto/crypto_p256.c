#include "crypto_p256.h"

#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/nid.h>

EC_KEY *p256_new(void)
{
    return EC_KEY_new_by_curve_name(NID_X9_62_prime256v1);
}

EC_KEY *p256_public(const struct public_key *key)
{
    EC_KEY *ec = p256_new();
    BIGNUM *x = BN_bin2bn(key->x, sizeof key->x, NULL);
    BIGNUM *y = BN_bin2bn(key->y, sizeof key->y, NULL);

    if (!ec || !x || !y || !EC_KEY_set_public_key_affine_coordinates(ec, x, y)) {
        EC_KEY_free(ec);
        ec = NULL;
    }
    BN_free(x);
    BN_free(y);
    return ec;
}

/* A caller whose key could not be looked at must not be told that it is wrong. */
enum status p256_why(enum status otherwise)
{
    uint32_t error = ERR_peek_last_error();

    ERR_clear_error();
    return ERR_GET_REASON(error) == ERR_R_MALLOC_FAILURE ? ST_NO_MEMORY : otherwise;
}

EC_KEY *p256_private(const uint8_t d[static KEY_COORD_LEN])
{
    EC_KEY *ec = p256_new();
    BIGNUM *scalar = BN_bin2bn(d, KEY_COORD_LEN, NULL);
    EC_POINT *point = ec ? EC_POINT_new(EC_KEY_get0_group(ec)) : NULL;
    bool good = ec && scalar && point && !BN_is_zero(scalar) &&
                EC_KEY_set_private_key(ec, scalar) &&
                EC_POINT_mul(EC_KEY_get0_group(ec), point, scalar, NULL, NULL, NULL) &&
                EC_KEY_set_public_key(ec, point);

    BN_clear_free(scalar);
    EC_POINT_free(point);
    if (good)
        return ec;
    EC_KEY_free(ec);
    return NULL;
}
