/* log: one JSON object a line, to standard error or a file. Never a token, key
 * or secret: only ids and hash prefixes are passed in. */
#pragma once
#include <event2/event.h>

#include "json.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

struct log;

/* path NULL: standard error. ST_IO if it cannot be opened. Safe across threads:
 * each line is one write(2). */
enum status log_new(const char *path, enum log_level level, struct log **out) MUST_USE;
void log_free(struct log *log);
/* Opens the path anew (after rotation), keeping the old file on failure. */
enum status log_reopen(struct log *log) MUST_USE;
enum status log_level_read(const char *word, enum log_level *out) MUST_USE;

/* Lines that could not be written whole (full disk): counted, never blocking. The next one that has
 * room is whole again. */
uint64_t log_lost(const struct log *log);

/* The same log for the thread of one loop alone: lines are kept until log_flush, and written
 * together once the loop has run what was ready. Whoever tells somebody else what a line is about
 * flushes first. `log` outlives it. */
enum status log_for_loop(struct log *log, struct event_base *base, struct log **out) MUST_USE;
/* Writes what is kept; nothing to do for NULL, and where each line is written at once. */
void log_flush(struct log *log);

/* A line being built; members after `time`, `level` and `event`. A line that
 * grows past LOG_LINE_MAX is cut at a member's end and says "cut":true. */
enum { LOG_LINE_MAX = 4096 };
struct log_line {
    struct log *log; /* NULL if below the level: every call is then a no-op */
    struct writer text;
    struct json_writer json;
    uint8_t buffer[LOG_LINE_MAX];
};
void log_begin(struct log_line *line, struct log *log, enum log_level level, const char *event);
void log_text(struct log_line *line, const char *name, struct slice value);
void log_word(struct log_line *line, const char *name, const char *value);
void log_int(struct log_line *line, const char *name, int64_t value);
void log_end(struct log_line *line);

/* A line with one text member. */
void log_note(struct log *log, enum log_level level, const char *event, const char *name,
              const char *value);
