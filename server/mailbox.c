#include "mailbox.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct mailbox {
    int fd; /* an eventfd: readable when there is mail */
    struct event *event;
    pthread_mutex_t lock; /* of the list */
    struct mail *first, **last;
};

static struct mail *take_all(struct mailbox *m)
{
    pthread_mutex_lock(&m->lock);
    struct mail *first = m->first;
    m->first = NULL;
    m->last = &m->first;
    pthread_mutex_unlock(&m->lock);
    return first;
}

/* Whoever has run may be gone, and its mail with it. */
static void run_all(struct mailbox *m)
{
    for (struct mail *mail = take_all(m), *next; mail; mail = next) {
        next = mail->next;
        mail->run(mail->arg);
    }
}

static void on_mail(evutil_socket_t fd, short what, void *arg)
{
    eventfd_t count;

    (void)what;
    (void)eventfd_read(fd, &count);
    run_all(arg);
}

enum status mailbox_new(struct event_base *base, struct mailbox **out)
{
    struct mailbox *m = calloc(1, sizeof *m);

    if (!m)
        return ST_NO_MEMORY;
    pthread_mutex_init(&m->lock, NULL);
    m->last = &m->first;
    m->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (m->fd >= 0)
        m->event = event_new(base, m->fd, EV_READ | EV_PERSIST, on_mail, m);
    if (!m->event || event_add(m->event, NULL) != 0) {
        mailbox_free(m);
        return ST_NO_MEMORY;
    }
    *out = m;
    return ST_OK;
}

void mailbox_free(struct mailbox *m)
{
    if (!m)
        return;
    run_all(m);
    if (m->event)
        event_free(m->event);
    if (m->fd >= 0)
        close(m->fd);
    pthread_mutex_destroy(&m->lock);
    free(m);
}

void mailbox_post(struct mailbox *m, struct mail *mail)
{
    mail->next = NULL;
    pthread_mutex_lock(&m->lock);
    *m->last = mail;
    m->last = &mail->next;
    pthread_mutex_unlock(&m->lock);
    (void)eventfd_write(m->fd, 1);
}
