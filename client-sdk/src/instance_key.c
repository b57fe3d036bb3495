#include "instance_key.h"

#include "secret.h"

_Static_assert((int)VOUCHSAFE_KEY_LEN == (int)KEY_COORD_LEN, "one length");

static enum vouchsafe_error make(enum key_type type, const struct vouchsafe_key_store *store,
                                 struct private_key *out)
{
    if (crypto_key_generate(type, out))
        return VOUCHSAFE_NO_MEMORY;
    if (store->save && store->save(store->arg, out->d) != 0)
        return VOUCHSAFE_KEY_STORE;
    return VOUCHSAFE_OK;
}

enum vouchsafe_error instance_key_open(enum vouchsafe_key_type wanted,
                                       const struct vouchsafe_key_store *store,
                                       struct private_key *out)
{
    enum key_type type = wanted == VOUCHSAFE_KEY_ED25519 ? KEY_ED25519 : KEY_P256;
    uint8_t d[KEY_COORD_LEN];
    int found = store->load ? store->load(store->arg, d) : 0;

    if (found == 0)
        return make(type, store, out);
    enum vouchsafe_error error = VOUCHSAFE_KEY_STORE;
    if (found == 1 && !crypto_key_from_private(type, d, out))
        error = VOUCHSAFE_OK;
    secret_wipe(d, sizeof d);
    return error;
}
