#include "instance_key.h"

#include "secret.h"

_Static_assert((int)VOUCHSAFE_KEY_LEN == (int)KEY_COORD_LEN, "one length");
_Static_assert((int)VOUCHSAFE_SIGNATURE_LEN == (int)SIGNATURE_LEN, "one length");

static enum vouchsafe_error make(enum key_type type, const struct vouchsafe_key_store *store,
                                 struct private_key *out)
{
    if (crypto_key_generate(type, out))
        return VOUCHSAFE_NO_MEMORY;
    if (store->save && store->save(store->arg, out->d) != 0)
        return VOUCHSAFE_KEY_STORE;
    return VOUCHSAFE_OK;
}

static enum vouchsafe_error load(enum key_type type, const struct vouchsafe_key_store *store,
                                 struct private_key *out)
{
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

static enum vouchsafe_error
ask_hardware(enum key_type type, const struct vouchsafe_key_store *store, struct instance_key *out)
{
    struct public_key *public = &out->own.public;

    public->type = type;
    out->hardware = *store;
    if (store->public_key(store->arg, public->x, public->y) != 0)
        return VOUCHSAFE_KEY_STORE;
    return crypto_key_check(public) ? VOUCHSAFE_KEY_STORE : VOUCHSAFE_OK;
}

enum vouchsafe_error instance_key_open(enum vouchsafe_key_type wanted,
                                       const struct vouchsafe_key_store *store,
                                       struct instance_key *out)
{
    enum key_type type = wanted == VOUCHSAFE_KEY_ED25519 ? KEY_ED25519 : KEY_P256;

    *out = (struct instance_key){ .error = 0 };
    if (!store->sign && !store->public_key)
        return load(type, store, &out->own);
    if (!store->sign || !store->public_key || store->load || store->save)
        return VOUCHSAFE_BAD_ARGUMENT;
    return ask_hardware(type, store, out);
}

static enum status sign_by_hardware(struct instance_key *key, struct slice message,
                                    uint8_t signature[static SIGNATURE_LEN])
{
    const struct vouchsafe_key_store *hardware = &key->hardware;
    int error = hardware->sign(hardware->arg, message.data, message.len, signature);

    atomic_store(&key->error, error);
    if (error)
        return ST_IO;
    return crypto_verify(&key->own.public, message, signature);
}

enum status instance_key_sign(void *arg, struct slice message,
                              uint8_t signature[static SIGNATURE_LEN])
{
    struct instance_key *key = arg;

    return key->hardware.sign ? sign_by_hardware(key, message, signature)
                              : crypto_sign(&key->own, message, signature);
}
