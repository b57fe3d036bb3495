#include "device.h"

#include <string.h>

#include "base64url.h"
#include "jwk_dh.h"
#include "secret.h"

enum { DEFAULT_LIFETIME = 86400, DEFAULT_SKEW = 60 };

_Static_assert((int)VOUCHSAFE_DEVICE_KEY_LEN == (int)OCT_KEY_LEN, "one key");
_Static_assert((int)VOUCHSAFE_DEVICE_GRANT_ID_LEN == (int)GRANT_ID_LEN, "one id");
_Static_assert(sizeof(struct vouchsafe_device) % _Alignof(struct grant_slot) == 0, "no gap");
_Static_assert(sizeof(struct grant_slot) % _Alignof(struct spent_token) == 0, "no gap");

size_t vouchsafe_device_size(uint32_t grants, uint32_t spent)
{
    return sizeof(struct vouchsafe_device) + grants * sizeof(struct grant_slot) +
           spent * sizeof(struct spent_token);
}

static bool may_work(const void *memory, size_t len, const struct vouchsafe_device_config *c)
{
    return memory && (uintptr_t)memory % _Alignof(max_align_t) == 0 && c->id &&
           device_id_ok(slice_of(c->id)) && c->grants <= UINT16_MAX && c->spent <= UINT16_MAX &&
           len >= vouchsafe_device_size(c->grants, c->spent) && c->max_lifetime >= 0 &&
           c->skew >= 0 && c->floor >= 0;
}

enum vouchsafe_device_status vouchsafe_device_init(void *memory, size_t len,
                                                   const struct vouchsafe_device_config *config,
                                                   struct vouchsafe_device **out)
{
    struct vouchsafe_device *d = memory;

    if (!may_work(memory, len, config))
        return VOUCHSAFE_DEVICE_BAD_ARGUMENT;
    *d = (struct vouchsafe_device){
        .id = slice_of(config->id),
        .issuer = slice_of(config->issuer),
        .max_lifetime = config->max_lifetime ? config->max_lifetime : DEFAULT_LIFETIME,
        .skew = config->skew ? config->skew : DEFAULT_SKEW,
        .random = config->random,
        .arg = config->arg,
        .has_link_key = config->link_key,
        .size = vouchsafe_device_size(config->grants, config->spent),
    };
    if (config->link_key)
        memcpy(d->link_key, config->link_key, sizeof d->link_key);
    struct grant_slot *slots = (void *)(d + 1); /* no gap, as asserted */
    device_time_init(&d->time, config);
    grants_init(&d->grants, slots, config->grants);
    spent_init(&d->spent, (void *)(slots + config->grants), config->spent);
    *out = d;
    return VOUCHSAFE_DEVICE_OK;
}

void vouchsafe_device_end(struct vouchsafe_device *device)
{
    secret_wipe(device, device->size);
}

static struct jwk_named *find_signer(struct vouchsafe_device *d, const char *kid)
{
    for (size_t i = 0; i < d->signer_count; i++)
        if (strcmp(d->signers[i].kid, kid) == 0)
            return &d->signers[i];
    return NULL;
}

enum vouchsafe_device_status vouchsafe_device_trust(struct vouchsafe_device *device,
                                                    const char *jwk, size_t len)
{
    struct jwk_named key;
    enum status st = jwk_scan((struct slice){ (const uint8_t *)jwk, len }, &key);

    if (st)
        return device_status(st);
    struct jwk_named *slot = find_signer(device, key.kid);
    if (!slot && device->signer_count == VOUCHSAFE_DEVICE_SIGNERS_MAX)
        return VOUCHSAFE_DEVICE_FULL;
    if (!slot)
        slot = &device->signers[device->signer_count++];
    *slot = key;
    return VOUCHSAFE_DEVICE_OK;
}

enum vouchsafe_device_status vouchsafe_device_distrust(struct vouchsafe_device *device,
                                                       const char *kid)
{
    struct jwk_named *slot = find_signer(device, kid);

    if (!slot)
        return VOUCHSAFE_DEVICE_UNKNOWN;
    *slot = device->signers[--device->signer_count];
    return VOUCHSAFE_DEVICE_OK;
}

enum vouchsafe_device_status vouchsafe_device_unsealer(struct vouchsafe_device *device,
                                                       const char *jwk, size_t len)
{
    struct dh_private key;
    enum status st = jwk_dh_private_read((struct slice){ (const uint8_t *)jwk, len }, &key);

    if (!st) {
        device->unsealers[1] = device->unsealers[0];
        device->unsealers[0] = key;
        if (device->unsealer_count < VOUCHSAFE_DEVICE_UNSEALERS_MAX)
            device->unsealer_count++;
    }
    secret_wipe(&key, sizeof key);
    return device_status(st);
}

/* A file's last line may end. */
static struct slice without_newline(struct slice text)
{
    if (text.len && text.data[text.len - 1] == '\n')
        text.len--;
    return text;
}

enum vouchsafe_device_status vouchsafe_device_key(const char *text, size_t len,
                                                  uint8_t key[VOUCHSAFE_DEVICE_KEY_LEN])
{
    struct slice s = without_newline((struct slice){ (const uint8_t *)text, len });

    if (s.len && s.data[0] == '{')
        return device_status(jwk_oct_read(s, key));
    return device_status(base64url_decode_exact(s, key, OCT_KEY_LEN));
}

int64_t vouchsafe_device_time(const struct vouchsafe_device *device)
{
    return device_time_now(&device->time);
}

enum status device_random(void *device, uint8_t *out, size_t len)
{
    struct vouchsafe_device *d = device;

    if (!d->random)
        return crypto_system_random(NULL, out, len);
    return d->random(d->arg, out, len) ? ST_UNAVAILABLE : ST_OK;
}

struct writer device_writer(const struct vouchsafe_device_out *out)
{
    struct writer w = writer_over(out->data, out->cap);

    w.len = out->len;
    return w;
}

void device_wrote(struct vouchsafe_device_out *out, const struct writer *w)
{
    out->len = w->len;
}
