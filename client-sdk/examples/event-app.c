/* vouchsafe-event-app: an app on a libevent loop that asks an OAuth server for an access token,
 * with the client credentials grant (RFC 6749 §4.4), and beats while it waits.
 *   vouchsafe-event-app ATTESTD CLIENT-ID STATE-FOLDER [TOKEN-URL AUDIENCE SCOPE]
 * Without TOKEN-URL it prints the two headers that a request would carry. */
#include <event2/event.h>
#include <stdio.h>
#include <string.h>

#include "state_file.h"
#include "vouchsafe/client_event.h"

struct app {
    struct event_base *base;
    struct vouchsafe_async *client;
    int beats; /* of the loop, while an answer was due */
    int status;
};

static void end(struct app *app, int status)
{
    app->status = status;
    event_base_loopbreak(app->base);
}

static void fail(struct app *app, enum vouchsafe_error error)
{
    struct vouchsafe_refusal refusal;

    vouchsafe_async_refusal(app->client, &refusal);
    if (error == VOUCHSAFE_REFUSED || error == VOUCHSAFE_UNAVAILABLE)
        printf("error %s (error_id %s)\n", refusal.error, refusal.error_id);
    else
        printf("error app %s\n", vouchsafe_error_text(error));
    end(app, 1);
}

static void on_beat(evutil_socket_t fd, short what, void *arg)
{
    struct app *app = arg;

    (void)fd;
    (void)what;
    app->beats++;
}

static void on_headers(void *arg, enum vouchsafe_error error,
                       const struct vouchsafe_headers *headers)
{
    struct app *app = arg;

    if (error) {
        fail(app, error);
        return;
    }
    printf("header OAuth-Client-Attestation: %s\n", headers->attestation);
    printf("header OAuth-Client-Attestation-PoP: %s\nok\n", headers->pop);
    end(app, 0);
}

static void on_response(void *arg, enum vouchsafe_error error,
                        const struct vouchsafe_response *response)
{
    struct app *app = arg;

    if (error) {
        fail(app, error);
        return;
    }
    printf("%s %d %s\n", response->code == 200 ? "ok" : "error", response->code, response->body);
    end(app, response->code != 200);
}

static enum vouchsafe_error begin(struct app *app, int argc, char **argv)
{
    char form[1024] = "";

    if (argc < 7)
        return vouchsafe_async_headers(app->client, argv[1], NULL, on_headers, app);
    enum vouchsafe_error error =
        vouchsafe_form_add(form, sizeof form, "grant_type", "client_credentials");
    if (!error)
        error = vouchsafe_form_add(form, sizeof form, "client_id", argv[2]);
    if (!error)
        error = vouchsafe_form_add(form, sizeof form, "scope", argv[6]);
    if (error)
        return error;
    return vouchsafe_async_post(app->client, argv[4], argv[5], form, on_response, app);
}

static void run(struct app *app, int argc, char **argv)
{
    const struct timeval interval = { .tv_usec = 1000 };
    struct event *beat = event_new(app->base, -1, EV_PERSIST, on_beat, app);
    enum vouchsafe_error error = begin(app, argc, argv);

    if (error) {
        fail(app, error);
    } else {
        event_add(beat, &interval);
        event_base_dispatch(app->base);
        printf("beats %d\n", app->beats);
    }
    event_free(beat);
}

int main(int argc, char **argv)
{
    struct app app = { .status = 1 };

    if (argc != 4 && argc != 7) {
        fputs("Usage: vouchsafe-event-app ATTESTD CLIENT-ID STATE-FOLDER "
              "[TOKEN-URL AUDIENCE SCOPE]\n",
              stderr);
        return 2;
    }
    const struct vouchsafe_config config = {
        .attestd_url = argv[1],
        .client_id = argv[2],
        .key_store = { .load = state_key_load, .save = state_key_save, .arg = argv[3] },
    };
    app.base = event_base_new();
    enum vouchsafe_error error = vouchsafe_async_new(&config, app.base, &app.client);
    if (error)
        printf("error app %s\n", vouchsafe_error_text(error));
    else
        run(&app, argc, argv);
    vouchsafe_async_free(app.client);
    event_base_free(app.base);
    return app.status;
}
