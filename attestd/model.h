/* model: what attestd's configuration and registry amount to. */
#pragma once
#include <limits.h>

#include "daemon.h"
#include "delivered_pins.h"
#include "draw.h"
#include "recorder.h"
#include "registry.h"

enum { ISSUER_URL_MAX = 256 };

struct attestd_model {
    char issuer[ISSUER_URL_MAX + 1];
    uint32_t challenge_ttl;   /* seconds */
    uint32_t blocks;          /* of each kind in one challenge */
    struct draw_key draw_key; /* for what is pretended */
    uint32_t keys_max_age;    /* seconds that a JWK Set may be kept by who fetched it */
    struct delivered_pins pins;
    struct recorder *recorder; /* of appraisals, or NULL */
    char folder[PATH_MAX];     /* the registry's */
    struct registry *registry;
};

extern cfg_opt_t attestd_opts[];

/* For the daemon_spec. */
enum status attestd_model_load(cfg_t *cfg, struct log *log, struct folder_watch *watch,
                               void **model, char *why, size_t why_cap) MUST_USE;
/* The same settings, and the registry as it is now. */
enum status attestd_model_renew(const void *former, struct log *log, struct folder_watch *watch,
                                void **model, char *why, size_t why_cap) MUST_USE;
void attestd_model_free(void *model);

/* The model in force on this worker. */
const struct attestd_model *attestd_model_of(const struct worker *w);
