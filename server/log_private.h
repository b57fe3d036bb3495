/* log_private: what the files of the log share. */
#pragma once
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "log.h"

enum { LOG_SECOND_LEN = sizeof "0000-00-00T00:00:00" - 1 };

struct log_batch;

struct log {
    struct log *shared; /* whose file it is: itself, or that of all loops */
    enum log_level level;
    struct log_batch *batch; /* of a loop's; NULL: each line is written at once */

    /* Of the shared one. */
    char *path; /* NULL: standard error */
    _Atomic int fd;
    _Atomic bool is_file;
    _Atomic uint64_t lost;
    pthread_mutex_t writing;
    bool torn; /* under `writing`: the last line stands there in part, without its end */
};

/* Writes whole lines. What cannot be written is counted. */
void log_write(struct log *log, struct slice lines);

/* RFC 3339 in UTC, to the second. */
void log_write_second(time_t second, char out[static LOG_SECOND_LEN + 1]);

/* --- log_batch.c; all of them do nothing for a log without a batch --- */
/* Keeps a line; false if nothing is kept. */
bool log_batch_keep(struct log *log, struct slice line);
/* The same as log_write_second, made anew when the second changes; false if nothing is kept. */
bool log_batch_second(struct log *log, time_t second, char out[static LOG_SECOND_LEN + 1]);
void log_batch_free(struct log *log);
