#include "hkdf.h"

#include <string.h>

#include "secret.h"

/* T(i) = HMAC(PRK, T(i-1) ‖ info ‖ i) (RFC 5869 §2.3) */
static struct digest block(const struct digest *prk, struct slice before, struct slice info,
                           uint8_t i)
{
    struct crypto_hmac h;

    crypto_hmac_init(&h, (struct slice){ prk->bytes, sizeof prk->bytes });
    crypto_hmac_update(&h, before);
    crypto_hmac_update(&h, info);
    crypto_hmac_update(&h, (struct slice){ &i, 1 });
    return crypto_hmac_final(&h);
}

enum status hkdf_sha256(struct slice salt, struct slice ikm, struct slice info, uint8_t *out,
                        size_t len)
{
    struct slice before = { 0 };

    if (len > HKDF_MAX)
        return ST_TOO_LARGE;
    struct digest prk = crypto_hmac_sha256(salt, ikm);
    struct digest t = { { 0 } };
    for (size_t done = 0; done < len; done += SHA256_LEN) {
        t = block(&prk, before, info, (uint8_t)(done / SHA256_LEN + 1));
        before = (struct slice){ t.bytes, sizeof t.bytes };
        memcpy(out + done, t.bytes, len - done < SHA256_LEN ? len - done : SHA256_LEN);
    }
    secret_wipe(&prk, sizeof prk);
    secret_wipe(&t, sizeof t);
    return ST_OK;
}
