/* device: what one device knows; the inside of struct vouchsafe_device. */
#pragma once
#include "crypto_dh.h"
#include "device_time.h"
#include "grants.h"
#include "jwk_scan.h"
#include "spent.h"

struct vouchsafe_device {
    struct slice id;
    struct slice issuer;
    int64_t max_lifetime;
    int64_t skew;
    int (*random)(void *arg, uint8_t *out, size_t len);
    void *arg;
    struct device_time time;
    struct grants grants;
    struct spent spent;
    bool has_link_key;
    uint8_t link_key[OCT_KEY_LEN];
    size_t signer_count;
    struct jwk_named signers[VOUCHSAFE_DEVICE_SIGNERS_MAX];
    size_t unsealer_count;
    struct dh_private unsealers[VOUCHSAFE_DEVICE_UNSEALERS_MAX]; /* the newest first */
    size_t size; /* of all the memory, to be wiped */
};

/* A random_fn whose argument is the device. */
enum status device_random(void *device, uint8_t *out, size_t len);

/* What a status of ours is called outside. */
enum vouchsafe_device_status device_status(enum status st);

/* The application's output as a writer, and how it grew. */
struct writer device_writer(const struct vouchsafe_device_out *out);
void device_wrote(struct vouchsafe_device_out *out, const struct writer *w);
