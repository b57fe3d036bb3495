#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>

#include "log_private.h"

enum { BATCH_MAX = 64 * 1024 };
_Static_assert((int)LOG_LINE_MAX <= (int)PIPE_BUF,
               "a line is one piece, whatever it is written to");

struct log_batch {
    struct event *end; /* of what the loop had to do */
    time_t second;     /* whose text is kept; 0: none */
    char second_text[LOG_SECOND_LEN + 1];
    size_t len;
    uint8_t text[BATCH_MAX];
};

/* --- writing --- */

/* What is written to a pipe or socket stays in one piece only if it is short (pipe(7)), and several
 * threads write: as many whole lines as fit. */
static size_t piece_len(const struct log *log, struct slice lines)
{
    size_t len = lines.len;

    if (len <= PIPE_BUF || atomic_load_explicit(&log->is_file, memory_order_relaxed))
        return len;
    for (len = PIPE_BUF; lines.data[len - 1] != '\n';)
        len--;
    return len;
}

static size_t count_lines(struct slice lines)
{
    size_t n = 0;

    for (size_t i = 0; i < lines.len; i++)
        n += lines.data[i] == '\n';
    return n;
}

/* A disk that had room for a part of a line leaves it without its end: what comes next begins with
 * it, so that the next line can be read. */
static void write_piece(struct log *log, struct slice piece)
{
    bool torn = log->torn;
    const struct iovec parts[] = { { (void *)"\n", torn }, { (void *)piece.data, piece.len } };
    ssize_t n;

    do {
        n = writev(log->fd, parts, 2);
    } while (n < 0 && errno == EINTR);
    size_t written = n < (ssize_t)torn ? 0 : (size_t)n - torn;
    bool ends_within = written && piece.data[written - 1] != '\n';
    log->torn = ends_within || (torn && n < 1);
    atomic_fetch_add(&log->lost,
                     count_lines((struct slice){ piece.data + written, piece.len - written }));
}

void log_write(struct log *log, struct slice lines)
{
    struct log *to = log->shared;

    pthread_mutex_lock(&to->writing);
    while (lines.len) {
        size_t len = piece_len(to, lines);
        write_piece(to, (struct slice){ lines.data, len });
        lines = (struct slice){ lines.data + len, lines.len - len };
    }
    pthread_mutex_unlock(&to->writing);
}

/* --- keeping --- */

void log_flush(struct log *log)
{
    struct log_batch *batch = log ? log->batch : NULL;

    if (!batch || batch->len == 0)
        return;
    log_write(log, (struct slice){ batch->text, batch->len });
    batch->len = 0;
}

static void on_end(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    log_flush(arg);
}

bool log_batch_keep(struct log *log, struct slice line)
{
    struct log_batch *batch = log->batch;

    if (!batch)
        return false;
    if (line.len > sizeof batch->text - batch->len)
        log_flush(log);
    if (batch->len == 0)
        event_active(batch->end, EV_TIMEOUT, 0);
    memcpy(batch->text + batch->len, line.data, line.len);
    batch->len += line.len;
    return true;
}

bool log_batch_second(struct log *log, time_t second, char out[static LOG_SECOND_LEN + 1])
{
    struct log_batch *batch = log->batch;

    if (!batch)
        return false;
    if (second != batch->second) {
        log_write_second(second, batch->second_text);
        batch->second = second;
    }
    memcpy(out, batch->second_text, sizeof batch->second_text);
    return true;
}

/* --- life --- */

void log_batch_free(struct log *log)
{
    struct log_batch *batch = log->batch;

    if (!batch)
        return;
    log_flush(log);
    if (batch->end)
        event_free(batch->end);
    free(batch);
}

enum status log_for_loop(struct log *log, struct event_base *base, struct log **out)
{
    struct log *own = calloc(1, sizeof *own);

    if (!own)
        return ST_NO_MEMORY;
    own->shared = log->shared;
    own->level = log->level;
    own->batch = calloc(1, sizeof *own->batch);
    if (own->batch)
        own->batch->end = event_new(base, -1, 0, on_end, own);
    if (!own->batch || !own->batch->end) {
        log_free(own);
        return ST_NO_MEMORY;
    }
    *out = own;
    return ST_OK;
}
