/* agent: what the blocking client and the event layer have in common: core, trust, pins, settings,
 * keeper. */
#pragma once
#include "channel.h"
#include "flight.h"

struct agent {
    struct settings settings;
    struct vouchsafe_core *core;
    struct pins *pins;
    struct trust *trust;
    struct keeper keeper;
};

/* After a failure, too, agent_clear is due. */
enum vouchsafe_error agent_init(struct agent *a, const struct vouchsafe_config *config) MUST_USE;
void agent_clear(struct agent *a);

/* Milliseconds of a clock that nobody sets and that runs while the device sleeps. */
int64_t agent_now(void);
uint32_t agent_chance(void);

/* Takes the pins that the flight brought and tells the app of new ones. */
void agent_deliver(struct agent *a, const struct flight *f, const struct chain *chain);

/* A form that is to be posted with the two headers; everything is borrowed. */
struct agent_form {
    struct http1_header headers[2];
    struct http_post post;
};
void agent_form_init(struct agent_form *form, const struct agent *a, const char *url,
                     const char *body, const struct vouchsafe_headers *values);
