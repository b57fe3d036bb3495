/* medical-device: an offline device. Its one line is a serial one; it never sees the mediator, only
 * tokens that apps bring from there, and has no clock. It streams readings to the genuine app.
 *
 *   medical-device --id pump-7 --issuer https://mediator.example --trust keys.json \
 *     --key pump-7.jwk --line /dev/ttyS0 [--state floor] [--action readings:stream]
 *
 * keys.json: the mediator's public keys, a JWK Set; pump-7.jwk: this device's private key. An app
 * that gets no answer keeps quiet for a second and says hello again. */
#include <cjson/cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>
#include <vouchsafe/device.h>
#include <vouchsafe/device_arena.h>

#include "board.h"

enum {
    SPENT = 64,
    MEMORY = 16384,
    IN_LEN = 2048,
    QUIET_MS = 300,      /* a line that was quiet for so long begins anew */
    PATIENCE_MS = 30000, /* that an app may be silent */
    READINGS_MAX = 1000,
    READING_EVERY_MS = 100
};

struct monitor {
    struct vouchsafe_device *device;
    struct vouchsafe_device_session session;
    const char *line_path, *state_path, *action;
    int line;
    bool deaf;       /* until the line is quiet */
    unsigned left;   /* readings of the command that runs */
    unsigned number; /* of the next one */
    _Alignas(16) uint8_t memory[MEMORY];
};

/* What BoringSSL needs for P-256. */
static _Alignas(16) uint8_t arena[VOUCHSAFE_DEVICE_ARENA_LEN];

static void begin_session(struct monitor *m)
{
    m->left = 0;
    vouchsafe_device_session_end(&m->session);
    vouchsafe_device_session_begin(&m->session, m->device);
}

static void fail(struct monitor *m, enum vouchsafe_device_status st)
{
    board_say("session over: %s", vouchsafe_device_text(st));
    begin_session(m);
    m->deaf = true;
}

/* The next reading of the command that runs; the last one ends it. */
static enum vouchsafe_device_status send_reading(struct monitor *m)
{
    uint8_t bytes[VOUCHSAFE_DEVICE_OUT_MAX];
    struct vouchsafe_device_out out = { bytes, sizeof bytes, 0 };
    char text[96];
    unsigned n = m->number++;
    int len = snprintf(text, sizeof text, "{\"n\":%u,\"pulse\":%u,\"spo2\":%u}", n, 60 + n % 7,
                       96 + n % 3);

    m->left--;
    enum vouchsafe_device_status st = vouchsafe_device_session_answer(
        &m->session, m->left ? VOUCHSAFE_DEVICE_MORE : VOUCHSAFE_DEVICE_DONE, (const uint8_t *)text,
        (size_t)len, &out);
    if (!board_send(m->line, out.data, out.len) && !st)
        st = VOUCHSAFE_DEVICE_CLOSED;
    if (!st)
        board_say("reading %u", n);
    return st;
}

/* "12": twelve readings; nothing: one. */
static unsigned readings_wanted(const struct vouchsafe_device_event *event)
{
    unsigned n = 0;

    for (size_t i = 0; i < event->body_len && n <= READINGS_MAX; i++)
        n = event->body[i] >= '0' && event->body[i] <= '9' ? 10 * n + event->body[i] - '0'
                                                           : READINGS_MAX + 1;
    return event->body_len ? n : 1;
}

static enum vouchsafe_device_status carry_out(struct monitor *m,
                                              const struct vouchsafe_device_event *event,
                                              struct vouchsafe_device_out *out)
{
    unsigned wanted = readings_wanted(event);

    if (strlen(m->action) != event->action_len ||
        memcmp(m->action, event->action, event->action_len) != 0)
        return vouchsafe_device_session_answer(&m->session, VOUCHSAFE_DEVICE_NO_SUCH, NULL, 0, out);
    if (wanted == 0 || wanted > READINGS_MAX)
        return vouchsafe_device_session_answer(&m->session, VOUCHSAFE_DEVICE_NOT_DONE, NULL, 0,
                                               out);
    board_say("streaming %u", wanted);
    m->left = wanted;
    return VOUCHSAFE_DEVICE_OK;
}

/* An app that sends more before its command has ended breaks the rule, and its session. */
static enum vouchsafe_device_status take(struct monitor *m, const uint8_t *in, size_t len)
{
    enum vouchsafe_device_status st = VOUCHSAFE_DEVICE_OK;
    uint8_t bytes[2 * VOUCHSAFE_DEVICE_OUT_MAX];
    struct vouchsafe_device_event event;

    for (size_t at = 0, used; !st && at < len; at += used) {
        struct vouchsafe_device_out out = { bytes, sizeof bytes, 0 };
        st = vouchsafe_device_session_take(&m->session, in + at, len - at, &used, &out, &event);
        if (!st && event.what == VOUCHSAFE_DEVICE_REFUSED)
            board_say("refused: %s", vouchsafe_device_text(event.status));
        if (!st && event.what == VOUCHSAFE_DEVICE_COMMAND)
            st = carry_out(m, &event, &out);
        if (!board_send(m->line, out.data, out.len) && !st)
            st = VOUCHSAFE_DEVICE_CLOSED;
    }
    return st;
}

static bool open_line(struct monitor *m)
{
    struct termios raw;

    m->line = open(m->line_path, O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
    if (m->line < 0)
        return false;
    if (tcgetattr(m->line, &raw) == 0) {
        cfmakeraw(&raw);
        (void)!tcsetattr(m->line, TCSANOW, &raw);
    }
    board_say("listening %s", m->line_path);
    return true;
}

/* Whoever was at the other end has gone. */
static void hang_up(struct monitor *m)
{
    close(m->line);
    m->line = -1;
    begin_session(m);
    m->deaf = false;
    usleep(1000 * QUIET_MS);
}

static void read_line(struct monitor *m)
{
    uint8_t in[IN_LEN];
    ssize_t n = read(m->line, in, sizeof in);

    if (n < 0 && errno == EAGAIN)
        return;
    if (n <= 0) {
        hang_up(m);
        return;
    }
    enum vouchsafe_device_status st = m->deaf ? VOUCHSAFE_DEVICE_OK : take(m, in, (size_t)n);
    if (st)
        fail(m, st);
}

/* While readings are streamed the line is left unread: one command at a time. */
static void turn(struct monitor *m)
{
    if (m->line < 0 && !open_line(m)) {
        usleep(1000 * QUIET_MS);
        return;
    }
    if (m->left) {
        enum vouchsafe_device_status st = send_reading(m);
        if (st)
            fail(m, st);
        usleep(1000 * READING_EVERY_MS);
        return;
    }
    struct pollfd line = { .fd = m->line, .events = POLLIN };
    if (poll(&line, 1, m->deaf ? QUIET_MS : PATIENCE_MS) > 0)
        read_line(m);
    else if (m->deaf)
        m->deaf = false;
    else
        begin_session(m);
}

/* --- start --- */

static void store_floor(void *arg, int64_t floor)
{
    struct monitor *m = arg;
    char text[32];

    snprintf(text, sizeof text, "%" PRId64 "\n", floor);
    if (!board_write_file(m->state_path, text)) {
        perror(m->state_path);
        exit(EXIT_FAILURE); /* what is not remembered could be replayed */
    }
}

static int64_t load_floor(const char *path)
{
    char text[32] = "";

    if (access(path, F_OK) != 0)
        return 0; /* a new device */
    if (board_read_file(path, text, sizeof text - 1) == 0)
        exit(EXIT_FAILURE);
    return strtoll(text, NULL, 10);
}

/* Each key of a JWK Set. */
static bool trust(struct monitor *m, const char *path)
{
    static char text[8192], one[1024];
    size_t len = board_read_file(path, text, sizeof text);
    cJSON *set = cJSON_ParseWithLength(text, len);
    cJSON *key;
    bool good = false;

    cJSON_ArrayForEach(key, cJSON_GetObjectItemCaseSensitive(set, "keys"))
    {
        good = cJSON_PrintPreallocated(key, one, sizeof one, false) &&
               vouchsafe_device_trust(m->device, one, strlen(one)) == VOUCHSAFE_DEVICE_OK;
        if (!good)
            break;
    }
    cJSON_Delete(set);
    if (!good)
        fprintf(stderr, "%s: no JWK Set of keys that verify\n", path);
    return good;
}

static bool unsealer(struct monitor *m, const char *path)
{
    char text[1024];
    size_t len = board_read_file(path, text, sizeof text);
    bool good = len && !vouchsafe_device_unsealer(m->device, text, len);

    explicit_bzero(text, sizeof text);
    if (!good)
        fprintf(stderr, "%s: no private key\n", path);
    return good;
}

int main(int argc, char **argv)
{
    static struct monitor m = { .line = -1, .action = "readings:stream", .state_path = "floor" };
    const char *id = NULL, *issuer = NULL, *keys = NULL, *key = NULL;
    const struct board_option options[] = {
        { "--id", &id },           { "--issuer", &issuer },    { "--trust", &keys },
        { "--key", &key },         { "--line", &m.line_path }, { "--state", &m.state_path },
        { "--action", &m.action },
    };

    if (!board_options(argc, argv, options, sizeof options / sizeof options[0]))
        return EXIT_FAILURE;
    vouchsafe_device_arena(arena, sizeof arena);
    const struct vouchsafe_device_config config = { .id = id,
                                                    .issuer = issuer,
                                                    .spent = SPENT,
                                                    .uptime = board_uptime,
                                                    .floor = load_floor(m.state_path),
                                                    .store_floor = store_floor,
                                                    .arg = &m };
    if (vouchsafe_device_init(m.memory, sizeof m.memory, &config, &m.device) || !trust(&m, keys) ||
        !unsealer(&m, key))
        return EXIT_FAILURE;
    vouchsafe_device_session_begin(&m.session, m.device);
    for (;;)
        turn(&m);
}
