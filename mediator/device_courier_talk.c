#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "device_courier_private.h"

void *courier_allocate(size_t size)
{
    void *memory = calloc(1, size);

    if (!memory)
        abort();
    return memory;
}

static void published(void *arg, enum status st, struct slice value)
{
    struct device_courier *c = arg;

    (void)value;
    if (st)
        log_note(c->options.log, LOG_WARN, "device message not published", "status",
                 status_name(st));
}

static void say(struct device_courier *c, const struct store_channel *to,
                const struct relay_message *m)
{
    uint8_t sealed[RELAY_SEALED_MAX];
    struct writer w = writer_over(sealed, sizeof sealed);

    if (c->options.alone || c->stopped)
        return;
    enum status st = relay_seal(c->options.settings->seal, to, clock_wall(c->options.clock), m, &w);
    if (st)
        log_note(c->options.log, LOG_ERROR, "device message not sealed", "status", status_name(st));
    else
        store_publish(c->options.store, to, writer_slice(&w), published, c);
}

void courier_say_about(struct device_courier *c, enum relay_kind kind, const char *device,
                       const uint8_t job[static RELAY_ID_LEN], struct slice body)
{
    const struct store_channel to = relay_device_channel(device);
    struct relay_message m = { .kind = kind, .body = body };

    memcpy(m.sender, c->id, sizeof m.sender);
    memcpy(m.job, job, sizeof m.job);
    say(c, &to, &m);
}

void courier_answer(struct device_courier *c, const struct relay_message *to, enum relay_kind kind,
                    struct slice body)
{
    const struct store_channel channel = relay_own_channel(to->sender);
    struct relay_message m = { .kind = kind, .body = body };

    memcpy(m.sender, c->id, sizeof m.sender);
    memcpy(m.job, to->job, sizeof m.job);
    say(c, &channel, &m);
}
