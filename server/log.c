#include "log.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "log_private.h"

/* Kept free at the end of a line for what closes it. */
enum { TAIL_LEN = 16 };

static const char *const levels[] = {
    [LOG_DEBUG] = "debug", [LOG_INFO] = "info", [LOG_WARN] = "warn", [LOG_ERROR] = "error"
};

enum status log_level_read(const char *word, enum log_level *out)
{
    for (size_t i = 0; i < sizeof levels / sizeof levels[0]; i++)
        if (strcmp(word, levels[i]) == 0) {
            *out = (enum log_level)i;
            return ST_OK;
        }
    return ST_INVALID;
}

static int open_path(const char *path)
{
    return open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0640);
}

/* Others may write to a pipe as well, and what is written to a file in one piece lies there in one.
 */
static void look_at_file(struct log *log)
{
    struct stat info;

    atomic_store(&log->is_file, fstat(log->fd, &info) == 0 && S_ISREG(info.st_mode));
}

enum status log_new(const char *path, enum log_level level, struct log **out)
{
    struct log *log = calloc(1, sizeof *log);

    if (!log)
        return ST_NO_MEMORY;
    log->level = level;
    log->path = path ? strdup(path) : NULL;
    int fd = path ? log->path ? open_path(path) : -1 : STDERR_FILENO;
    if (fd < 0) {
        free(log->path);
        free(log);
        return ST_IO;
    }
    log->shared = log;
    pthread_mutex_init(&log->writing, NULL);
    atomic_init(&log->fd, fd);
    look_at_file(log);
    *out = log;
    return ST_OK;
}

void log_free(struct log *log)
{
    if (!log)
        return;
    log_batch_free(log);
    if (log->path)
        close(log->fd);
    if (log->shared == log)
        pthread_mutex_destroy(&log->writing);
    free(log->path);
    free(log);
}

/* The new file takes over the old one's number, so that a thread in the middle of a write never
 * holds a number that means something else. */
enum status log_reopen(struct log *log)
{
    if (!log->path)
        return ST_OK;
    int fd = open_path(log->path);
    if (fd < 0)
        return ST_IO;
    int moved = dup3(fd, log->fd, O_CLOEXEC);
    close(fd);
    look_at_file(log);
    return moved < 0 ? ST_IO : ST_OK;
}

uint64_t log_lost(const struct log *log)
{
    return atomic_load(&log->shared->lost);
}

void log_write_second(time_t second, char out[static LOG_SECOND_LEN + 1])
{
    struct tm utc;

    gmtime_r(&second, &utc);
    strftime(out, LOG_SECOND_LEN + 1, "%Y-%m-%dT%H:%M:%S", &utc);
}

/* RFC 3339 in UTC, with milliseconds. */
static void write_time(struct log_line *line)
{
    char text[LOG_SECOND_LEN + sizeof ".000Z"];
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    if (!log_batch_second(line->log, now.tv_sec, text))
        log_write_second(now.tv_sec, text);
    unsigned ms = (unsigned)(now.tv_nsec / 1000000);
    const char rest[] = {
        '.', (char)('0' + ms / 100), (char)('0' + ms / 10 % 10), (char)('0' + ms % 10), 'Z', '\0'
    };
    memcpy(text + LOG_SECOND_LEN, rest, sizeof rest);
    log_word(line, "time", text);
}

void log_begin(struct log_line *line, struct log *log, enum log_level level, const char *event)
{
    line->log = log && level >= log->level ? log : NULL;
    if (!line->log)
        return;
    line->text = writer_over(line->buffer, sizeof line->buffer - TAIL_LEN);
    line->json = json_writer_over(&line->text);
    json_begin_object(&line->json, NULL);
    write_time(line);
    log_word(line, "level", levels[level]);
    log_word(line, "event", event);
}

/* Once a member does not fit, it and all that follow are left out. */
static void drop_partial(struct log_line *line, size_t before, bool comma)
{
    if (!line->text.full)
        return;
    line->text.len = before;
    line->json.comma = comma;
}

void log_text(struct log_line *line, const char *name, struct slice value)
{
    if (!line->log || line->text.full)
        return;
    size_t before = line->text.len;
    bool comma = line->json.comma;
    json_text(&line->json, name, value);
    drop_partial(line, before, comma);
}

void log_word(struct log_line *line, const char *name, const char *value)
{
    log_text(line, name, slice_of(value));
}

void log_int(struct log_line *line, const char *name, int64_t value)
{
    if (!line->log || line->text.full)
        return;
    size_t before = line->text.len;
    bool comma = line->json.comma;
    json_int(&line->json, name, value);
    drop_partial(line, before, comma);
}

void log_end(struct log_line *line)
{
    if (!line->log)
        return;
    bool cut = line->text.full;
    line->text.full = false;
    line->text.cap = sizeof line->buffer;
    if (cut)
        json_bool(&line->json, "cut", true);
    json_end_object(&line->json);
    writer_byte(&line->text, '\n');
    if (!log_batch_keep(line->log, writer_slice(&line->text)))
        log_write(line->log, writer_slice(&line->text));
}

void log_note(struct log *log, enum log_level level, const char *event, const char *name,
              const char *value)
{
    struct log_line line;

    log_begin(&line, log, level, event);
    log_word(&line, name, value);
    log_end(&line);
}
