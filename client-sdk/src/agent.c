#include "agent.h"

#include <string.h>
#include <time.h>

#include "pop.h"
#include "secret.h"

enum vouchsafe_error agent_init(struct agent *a, const struct vouchsafe_config *config)
{
    *a = (struct agent){ .core = NULL };
    enum vouchsafe_error error = settings_read(config, &a->settings);

    a->keeper.limits = a->settings.keeper;
    if (!error)
        error = pins_new(config, &a->pins);
    if (!error)
        error = trust_new(config->ca_file, a->pins, &a->trust);
    if (!error)
        error =
            vouchsafe_core_new(config->client_id, config->key_type, &config->key_store, &a->core);
    return error;
}

void agent_clear(struct agent *a)
{
    vouchsafe_core_free(a->core);
    trust_free(a->trust);
    pins_free(a->pins);
    secret_wipe(a, sizeof *a);
}

int64_t agent_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_BOOTTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

uint32_t agent_chance(void)
{
    uint32_t chance;

    crypto_random((uint8_t *)&chance, sizeof chance);
    return chance;
}

/* An app that does not keep pins takes none: it would be bound now and not at its next start. */
void agent_deliver(struct agent *a, const struct flight *f, const struct chain *chain)
{
    uint8_t pins[PINS_MAX][32];

    if (!f->landed || !a->settings.pins_changed || !pins_deliver(a->pins, &f->pins, chain))
        return;
    memcpy(pins, f->pins.pins, f->pins.count * sizeof pins[0]);
    a->settings.pins_changed(a->settings.pins_arg, (const uint8_t(*)[32])pins, f->pins.count);
}

void agent_form_init(struct agent_form *form, const struct agent *a, const char *url,
                     const char *body, const struct vouchsafe_headers *values)
{
    form->headers[0] =
        (struct http1_header){ SLICE_LIT(ATTESTATION_HEADER), slice_of(values->attestation) };
    form->headers[1] =
        (struct http1_header){ SLICE_LIT(ATTESTATION_POP_HEADER), slice_of(values->pop) };
    form->post = settings_post(&a->settings);
    form->post.url = url;
    form->post.content_type = "application/x-www-form-urlencoded";
    form->post.headers = form->headers;
    form->post.header_count = 2;
    form->post.body = slice_of(body);
}
