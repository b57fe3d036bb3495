#include "route_keys.h"

#include <stdio.h>

#include "model.h"

void route_keys(struct http_exchange *ex, void *app)
{
    const struct worker *w = app;
    const struct attestd_model *model = attestd_model_of(w);
    char text[TOKEN_KEYS_JSON_MAX], age[48];
    struct writer body = writer_over(text, sizeof text);

    token_keys_write_set(registry_keys(model->registry), clock_wall(w->clock), &body);
    snprintf(age, sizeof age, "public, max-age=%u", model->keys_max_age);
    const struct http_header_field headers[] = { { "Cache-Control", slice_of(age) } };
    /* RFC 7517 §8.5 */
    http_reply(ex, 200, "application/jwk-set+json", headers, 1, writer_slice(&body));
}
