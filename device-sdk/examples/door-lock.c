/* door-lock: an online device. It dials the mediator, which pushes grants to it, and listens for
 * apps, which show a grant and then say what they want. What the bolt does stands on stdout.
 *
 *   door-lock --id front-door --key front-door.key --mediator 127.0.0.1:9000 --listen 9100
 *
 * Actions: door:unlock, door:lock, alarm:off. --beat SECONDS between heartbeats; a link that was
 * silent for three of them is dialled anew. */
#include <arpa/inet.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <vouchsafe/device.h>

#include "board.h"

enum {
    GRANTS = 16,
    APPS = 4,
    APP_PATIENCE = 30, /* seconds that an app may be silent */
    REDIAL_MAX = 30,   /* seconds between attempts, doubled from one second on */
    MEMORY = 16384,
    IN_LEN = 2048
};

struct app {
    int fd; /* -1: free */
    uint32_t heard;
    struct vouchsafe_device_session session;
};

struct line { /* to the mediator */
    int fd;   /* -1: down */
    bool connecting;
    uint32_t heard, asked, next_dial, patience;
    struct vouchsafe_device_link link;
};

struct door {
    struct vouchsafe_device *device;
    struct sockaddr_in mediator;
    uint32_t beat;
    int listener;
    struct line line;
    struct app apps[APPS];
    _Alignas(16) uint8_t memory[MEMORY];
};

/* --- apps --- */

static void app_close(struct app *app, const char *why)
{
    board_say("app gone: %s", why);
    vouchsafe_device_session_end(&app->session);
    close(app->fd);
    app->fd = -1;
}

static void app_accept(struct door *door)
{
    int fd = accept4(door->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

    for (size_t i = 0; fd >= 0 && i < APPS; i++)
        if (door->apps[i].fd < 0) {
            door->apps[i].fd = fd;
            door->apps[i].heard = board_uptime(NULL);
            vouchsafe_device_session_begin(&door->apps[i].session, door->device);
            return;
        }
    if (fd >= 0)
        close(fd);
}

static const struct {
    const char *action;
    const char *effect;
} actions[] = {
    { "door:unlock", "bolt open" },
    { "door:lock", "bolt closed" },
    { "alarm:off", "alarm off" },
};

static enum vouchsafe_device_status carry_out(struct app *app,
                                              const struct vouchsafe_device_event *event,
                                              struct vouchsafe_device_out *out)
{
    for (size_t i = 0; i < sizeof actions / sizeof actions[0]; i++) {
        const char *effect = actions[i].effect;
        if (strlen(actions[i].action) != event->action_len ||
            memcmp(actions[i].action, event->action, event->action_len) != 0)
            continue;
        board_say("%s", effect);
        return vouchsafe_device_session_answer(&app->session, VOUCHSAFE_DEVICE_DONE,
                                               (const uint8_t *)effect, strlen(effect), out);
    }
    return vouchsafe_device_session_answer(&app->session, VOUCHSAFE_DEVICE_NO_SUCH, NULL, 0, out);
}

static enum vouchsafe_device_status app_take(struct app *app, const uint8_t *in, size_t len)
{
    enum vouchsafe_device_status st = VOUCHSAFE_DEVICE_OK;
    struct vouchsafe_device_event event;
    uint8_t bytes[2 * VOUCHSAFE_DEVICE_OUT_MAX];

    for (size_t at = 0, used; !st && at < len; at += used) {
        struct vouchsafe_device_out out = { bytes, sizeof bytes, 0 };
        st = vouchsafe_device_session_take(&app->session, in + at, len - at, &used, &out, &event);
        if (!st && event.what == VOUCHSAFE_DEVICE_REFUSED)
            board_say("refused %.*s: %s", (int)event.action_len, event.action,
                      vouchsafe_device_text(event.status));
        if (!st && event.what == VOUCHSAFE_DEVICE_COMMAND)
            st = carry_out(app, &event, &out);
        if (!board_send(app->fd, out.data, out.len) && !st)
            st = VOUCHSAFE_DEVICE_CLOSED;
    }
    return st;
}

static void app_read(struct app *app)
{
    uint8_t in[IN_LEN];
    ssize_t n = read(app->fd, in, sizeof in);

    if (n <= 0) {
        app_close(app, "it has hung up");
        return;
    }
    app->heard = board_uptime(NULL);
    enum vouchsafe_device_status st = app_take(app, in, (size_t)n);
    if (st)
        app_close(app, vouchsafe_device_text(st));
}

/* --- the link --- */

static void line_down(struct line *line, const char *why)
{
    board_say("link down: %s", why);
    vouchsafe_device_link_end(&line->link);
    close(line->fd);
    line->fd = -1;
    line->next_dial = board_uptime(NULL) + line->patience;
    line->patience = line->patience * 2 < REDIAL_MAX ? line->patience * 2 : REDIAL_MAX;
}

static void line_dial(struct door *door)
{
    struct line *line = &door->line;

    line->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (line->fd < 0)
        return;
    line->connecting = true;
    line->heard = line->asked = board_uptime(NULL);
    /* Whether it worked is seen when the socket can be written to. */
    (void)!connect(line->fd, (struct sockaddr *)&door->mediator, sizeof door->mediator);
}

static void line_greet(struct door *door)
{
    struct line *line = &door->line;
    uint8_t bytes[VOUCHSAFE_DEVICE_OUT_MAX];
    struct vouchsafe_device_out out = { bytes, sizeof bytes, 0 };
    socklen_t len = sizeof(int);
    int error = 0;

    line->connecting = false;
    if (getsockopt(line->fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0 || error != 0) {
        line_down(line, "the mediator does not answer");
        return;
    }
    enum vouchsafe_device_status st = vouchsafe_device_link_begin(&line->link, door->device, &out);
    if (st || !board_send(line->fd, out.data, out.len))
        line_down(line, vouchsafe_device_text(st));
}

static void line_event(struct line *line, const struct vouchsafe_device_event *event)
{
    if (event->what == VOUCHSAFE_DEVICE_OPENED) {
        line->patience = 1;
        board_say("link up");
    }
    if (event->what == VOUCHSAFE_DEVICE_GRANTED)
        board_say("grant: %s", event->status ? vouchsafe_device_text(event->status) : "taken");
    if (event->what == VOUCHSAFE_DEVICE_REVOKED)
        board_say("grant: revoked");
}

static void line_read(struct line *line)
{
    uint8_t in[IN_LEN], bytes[VOUCHSAFE_DEVICE_OUT_MAX];
    enum vouchsafe_device_status st = VOUCHSAFE_DEVICE_OK;
    struct vouchsafe_device_event event;
    ssize_t n = read(line->fd, in, sizeof in);

    for (size_t at = 0, used; !st && n > 0 && at < (size_t)n; at += used) {
        struct vouchsafe_device_out out = { bytes, sizeof bytes, 0 };
        st = vouchsafe_device_link_take(&line->link, in + at, (size_t)n - at, &used, &out, &event);
        line_event(line, &event);
        if (!board_send(line->fd, out.data, out.len) && !st)
            st = VOUCHSAFE_DEVICE_CLOSED;
    }
    line->heard = board_uptime(NULL);
    if (n <= 0 || st)
        line_down(line, n <= 0 ? "the mediator has hung up" : vouchsafe_device_text(st));
}

static void line_beat(struct line *line, uint32_t now)
{
    uint8_t bytes[VOUCHSAFE_DEVICE_OUT_MAX];
    struct vouchsafe_device_out out = { bytes, sizeof bytes, 0 };

    line->asked = now;
    if (vouchsafe_device_link_ping(&line->link, &out) == VOUCHSAFE_DEVICE_OK &&
        !board_send(line->fd, out.data, out.len))
        line_down(line, "the mediator does not read");
}

/* --- what is due --- */

static void look_at_the_clock(struct door *door)
{
    uint32_t now = board_uptime(NULL);
    struct line *line = &door->line;

    if (line->fd < 0 && (int32_t)(now - line->next_dial) >= 0)
        line_dial(door);
    else if (line->fd >= 0 && now - line->heard > 3 * door->beat)
        line_down(line, "the mediator is silent");
    else if (line->fd >= 0 && !line->connecting && now - line->asked >= door->beat)
        line_beat(line, now);
    for (size_t i = 0; i < APPS; i++)
        if (door->apps[i].fd >= 0 && now - door->apps[i].heard > APP_PATIENCE)
            app_close(&door->apps[i], "it is silent");
}

static void turn(struct door *door)
{
    struct line *line = &door->line;
    struct pollfd fds[2 + APPS] = {
        { .fd = door->listener, .events = POLLIN },
        { .fd = line->fd, .events = line->connecting ? POLLOUT : POLLIN },
    };

    for (size_t i = 0; i < APPS; i++)
        fds[2 + i] = (struct pollfd){ .fd = door->apps[i].fd, .events = POLLIN };
    if (poll(fds, 2 + APPS, 200) > 0) {
        for (size_t i = 0; i < APPS; i++)
            if (fds[2 + i].revents)
                app_read(&door->apps[i]);
        if (fds[1].revents && line->connecting)
            line_greet(door);
        else if (fds[1].revents)
            line_read(line);
        if (fds[0].revents)
            app_accept(door);
    }
    look_at_the_clock(door);
}

/* --- start --- */

static bool read_address(const char *text, struct sockaddr_in *out)
{
    struct addrinfo hints = { .ai_family = AF_INET, .ai_socktype = SOCK_STREAM }, *found;
    char host[256];
    const char *colon = strrchr(text, ':');

    if (!colon || (size_t)(colon - text) >= sizeof host)
        return false;
    snprintf(host, sizeof host, "%.*s", (int)(colon - text), text);
    if (getaddrinfo(host, colon + 1, &hints, &found) != 0)
        return false;
    memcpy(out, found->ai_addr, sizeof *out);
    freeaddrinfo(found);
    return true;
}

/* On this machine. Port 0: any; which one it became is said. */
static int open_listener(const char *port)
{
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                                   .sin_port = htons((uint16_t)strtoul(port, NULL, 10)) };
    socklen_t len = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) ||
        bind(fd, (struct sockaddr *)&address, sizeof address) || listen(fd, APPS) ||
        getsockname(fd, (struct sockaddr *)&address, &len))
        return -1;
    board_say("listening %u", ntohs(address.sin_port));
    return fd;
}

static bool begin(struct door *door, const char *id, const char *key_file)
{
    char text[256];
    uint8_t key[VOUCHSAFE_DEVICE_KEY_LEN];
    const struct vouchsafe_device_config config = {
        .id = id, .grants = GRANTS, .link_key = key, .clock = board_clock, .uptime = board_uptime
    };
    size_t len = board_read_file(key_file, text, sizeof text);

    if (len == 0 || vouchsafe_device_key(text, len, key)) {
        fprintf(stderr, "%s: no key\n", key_file);
        return false;
    }
    bool good = vouchsafe_device_init(door->memory, sizeof door->memory, &config, &door->device) ==
                VOUCHSAFE_DEVICE_OK;
    explicit_bzero(text, sizeof text);
    explicit_bzero(key, sizeof key);
    return good;
}

int main(int argc, char **argv)
{
    static struct door door;
    const char *id = NULL, *key = NULL, *mediator = NULL, *port = NULL, *beat = "15";
    const struct board_option options[] = {
        { "--id", &id },       { "--key", &key },   { "--mediator", &mediator },
        { "--listen", &port }, { "--beat", &beat },
    };

    signal(SIGPIPE, SIG_IGN);
    if (!board_options(argc, argv, options, sizeof options / sizeof options[0]))
        return EXIT_FAILURE;
    if (!read_address(mediator, &door.mediator)) {
        fprintf(stderr, "%s: no such address\n", mediator);
        return EXIT_FAILURE;
    }
    door.beat = (uint32_t)strtoul(beat, NULL, 10);
    if (door.beat == 0 || !begin(&door, id, key))
        return EXIT_FAILURE;
    door.line = (struct line){ .fd = -1, .patience = 1, .next_dial = board_uptime(NULL) };
    for (size_t i = 0; i < APPS; i++)
        door.apps[i].fd = -1;
    door.listener = open_listener(port);
    if (door.listener < 0) {
        perror("listen");
        return EXIT_FAILURE;
    }
    for (;;)
        turn(&door);
}
