#include "attest_talk.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int dial(uint16_t port)
{
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(port) };
    int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd >= 0 && (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one) != 0 ||
                    connect(fd, (struct sockaddr *)&to, sizeof to) != 0)) {
        close(fd);
        fd = -1;
    }
    return fd;
}

static void hang_up(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static bool has_one(const struct talk *t)
{
    return t->ports[0] == t->ports[1];
}

static bool redial(struct talk *t, unsigned side)
{
    t->dials++;
    hang_up(&t->fds[side]);
    t->fds[side] = dial(t->ports[side]);
    if (has_one(t))
        t->fds[!side] = t->fds[side];
    return talk_is_open(t);
}

static bool redial_both(struct talk *t)
{
    bool first = redial(t, 0);

    return has_one(t) ? first : redial(t, 1);
}

bool talk_open(struct talk *t, const struct load_options *o)
{
    t->ports[0] = o->port;
    t->ports[1] = o->present_port;
    t->client = NULL;
    t->fds[0] = t->fds[1] = -1;
    return redial_both(t);
}

void talk_close(struct talk *t)
{
    hang_up(&t->fds[0]);
    if (!has_one(t))
        hang_up(&t->fds[1]);
    t->fds[1] = -1;
}

bool talk_is_open(const struct talk *t)
{
    return t->fds[0] >= 0 && t->fds[1] >= 0;
}

/* --- one request --- */

/* It blocks only if the server has left more than a socket's buffer unread. */
static enum talk_progress send_request(struct talk *t, unsigned side, const char *path)
{
    int len = snprintf(t->request, sizeof t->request,
                       "POST %s HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
                       "Content-Length: %zu\r\n\r\n%s",
                       path, strlen(t->body), t->body);

    t->side = side;
    t->got = 0;
    return send(t->fds[side], t->request, (size_t)len, MSG_NOSIGNAL) == len ? TALK_MORE
                                                                            : TALK_BROKEN;
}

/* Where the body starts, if all of the answer is there; otherwise 0. */
static size_t body_of(const struct talk *t)
{
    const char *end = memmem(t->answer, t->got, "\r\n\r\n", 4);
    const char *length =
        end ? memmem(t->answer, (size_t)(end - t->answer), "\r\nContent-Length: ", 18) : NULL;

    if (!length)
        return 0;
    size_t body = (size_t)(end - t->answer) + 4;
    return t->got >= body + strtoul(length + 18, NULL, 10) ? body : 0;
}

static bool has_code(const struct talk *t, const char *code)
{
    return strncmp(t->answer + strlen("HTTP/1.1 "), code, 3) == 0;
}

static bool announces_close(const struct talk *t, size_t body)
{
    return memmem(t->answer, body, "\r\nConnection: close", 19) != NULL;
}

/* --- an attestation --- */

bool talk_renew(struct talk *t, unsigned side)
{
    char byte;
    ssize_t n = recv(t->fds[side], &byte, 1, MSG_DONTWAIT);

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return true;
    return redial(t, side);
}

/* Nothing is under way after what is no TALK_MORE. */
static enum talk_progress settle(struct talk *t, enum talk_progress p)
{
    if (p != TALK_MORE)
        t->client = NULL;
    if (p == TALK_BROKEN)
        (void)redial_both(t);
    return p;
}

enum talk_progress talk_start(struct talk *t, struct installation *client)
{
    const char *previous = client->token && *client->token ? client->token : NULL;

    t->client = client;
    if (vouchsafe_core_challenge_request(client->core, previous, t->body, sizeof t->body))
        return settle(t, TALK_BROKEN);
    return settle(t, send_request(t, 0, "/v1/challenges"));
}

static enum talk_progress answer_challenge(struct talk *t, size_t body)
{
    if (!has_code(t, "201"))
        return TALK_REFUSED;
    if (vouchsafe_core_answer(t->client->core, t->answer + body, t->got - body, t->body,
                              sizeof t->body))
        return TALK_BROKEN;
    return send_request(t, 1, "/v1/attestations");
}

static enum talk_progress keep_token(struct talk *t, size_t body)
{
    char token[VOUCHSAFE_TOKEN_MAX + 1];
    int64_t expires_in;

    if (!has_code(t, "200"))
        return TALK_REFUSED;
    if (vouchsafe_core_token(t->answer + body, t->got - body, token, &expires_in))
        return TALK_BROKEN;
    if (t->client->token)
        memcpy(t->client->token, token, sizeof token);
    return TALK_DONE;
}

static enum talk_progress take_answer(struct talk *t, size_t body)
{
    if (announces_close(t, body) && !redial(t, t->side))
        return TALK_BROKEN;
    return t->side == 0 ? answer_challenge(t, body) : keep_token(t, body);
}

static enum talk_progress receive(struct talk *t)
{
    ssize_t n = recv(t->fds[t->side], t->answer + t->got, sizeof t->answer - t->got, MSG_DONTWAIT);

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return TALK_MORE;
    if (n <= 0 || !t->client)
        return TALK_BROKEN;
    t->got += (size_t)n;
    size_t body = body_of(t);
    return body ? take_answer(t, body) : TALK_MORE;
}

enum talk_progress talk_read(struct talk *t)
{
    return settle(t, receive(t));
}
