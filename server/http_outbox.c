#include <stdlib.h>

#include "http_server_private.h"

/* What an outbox keeps when it is empty. */
enum { KEPT_MAX = 256 * 1024 };

uint8_t *outbox_reserve(struct http_server *s, size_t size)
{
    struct outbox *box = &s->filling;

    if (size > box->cap - box->len) {
        size_t cap = 2 * box->cap > box->len + size ? 2 * box->cap : box->len + size;
        uint8_t *larger = realloc(box->data, cap);
        if (!larger)
            return NULL;
        box->data = larger;
        box->cap = cap;
    }
    return box->data + box->len;
}

void outbox_add(struct connection *c, size_t len)
{
    struct http_server *s = c->server;

    c->answer_at = s->filling.len;
    c->answer_len = len;
    s->filling.len += len;
    if (!s->answers)
        event_active(s->answers_event, EV_TIMEOUT, 0);
    c->next_answer = s->answers;
    c->answer_link = &s->answers;
    if (c->next_answer)
        c->next_answer->answer_link = &c->next_answer;
    s->answers = c;
    connection_answered(c);
}

void outbox_drop(struct connection *c)
{
    if (!c->answer_link)
        return;
    *c->answer_link = c->next_answer;
    if (c->next_answer)
        c->next_answer->answer_link = c->answer_link;
    c->answer_link = NULL;
}

static void empty(struct outbox *box)
{
    box->len = 0;
    if (box->cap <= KEPT_MAX)
        return;
    free(box->data);
    *box = (struct outbox){ 0 };
}

/* A connection whose answer has been taken may have its next request answered, which is for the
 * next time: its line in the log is not written yet. */
void outbox_send(struct http_server *s)
{
    struct connection *first = s->answers;
    const struct outbox sending = s->filling;

    if (!first)
        return;
    log_flush(s->log);
    s->filling = s->sending;
    s->sending = sending;
    s->answers = NULL;
    first->answer_link = &first;
    while (first) {
        struct connection *c = first;
        outbox_drop(c);
        connection_send(c, (struct slice){ s->sending.data + c->answer_at, c->answer_len });
    }
    empty(&s->sending);
}

static void on_answers(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    outbox_send(arg);
}

enum status outbox_init(struct http_server *s)
{
    s->answers_event = event_new(s->base, -1, 0, on_answers, s);
    return s->answers_event ? ST_OK : ST_NO_MEMORY;
}

void outbox_clear(struct http_server *s)
{
    if (s->answers_event)
        event_free(s->answers_event);
    free(s->filling.data);
    free(s->sending.data);
}
