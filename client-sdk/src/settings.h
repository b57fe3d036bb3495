/* settings: a vouchsafe_config that has been checked, with its defaults in place. */
#pragma once
#include "http_message.h"
#include "keeper.h"

enum { SETTINGS_URL_MAX = 512 };

struct settings {
    char challenges_url[SETTINGS_URL_MAX];
    char attestations_url[SETTINGS_URL_MAX];
    int connect_ms, total_ms;
    size_t answer_max;
    struct keeper_limits keeper;
    void (*pins_changed)(void *arg, const uint8_t (*pins)[32], size_t count);
    void *pins_arg;
};

/* BAD_ARGUMENT for what cannot work. */
enum vouchsafe_error settings_read(const struct vouchsafe_config *config,
                                   struct settings *out) MUST_USE;

/* A request under these limits, empty otherwise. */
struct http_post settings_post(const struct settings *s);
