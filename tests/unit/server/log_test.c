#include "log.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <regex.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static char path[] = "/tmp/vouchsafe-log-XXXXXX";
static char text[1 << 20];

static struct log *open_log(enum log_level level)
{
    struct log *log;

    close(mkstemp(path));
    cr_assert_eq(log_new(path, level, &log), ST_OK);
    return log;
}

static const char *written(void)
{
    FILE *file = fopen(path, "r");

    cr_assert_not_null(file);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    return text;
}

/* The one line there is, as an object. */
static cJSON *only_line(void)
{
    cJSON *line;
    const char *all = written();

    cr_assert_eq(strchr(all, '\n'), all + strlen(all) - 1, "one line: %s", all);
    cr_assert_eq(json_parse_object(slice_of(all), &JSON_MESSAGE_LIMITS, &line), ST_OK, "%s", all);
    return line;
}

static void expect_only_event(const char *event)
{
    cJSON *line = only_line();

    cr_assert_str_eq(cJSON_GetStringValue(cJSON_GetObjectItem(line, "event")), event);
    cJSON_Delete(line);
}

static const char *member(const cJSON *line, const char *name)
{
    return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(line, name));
}

Test(log, a_file_that_cannot_be_opened)
{
    struct log *log;

    cr_assert_eq(log_new("/nowhere/x.log", LOG_INFO, &log), ST_IO);
}

Test(log, levels)
{
    static const char *const words[] = { "debug", "info", "warn", "error" };
    enum log_level level;

    cr_assert_eq(log_level_read("loud", &level), ST_INVALID);
    cr_assert_eq(log_level_read("", &level), ST_INVALID);
    for (int i = 0; i < 4; i++) {
        cr_assert_eq(log_level_read(words[i], &level), ST_OK);
        cr_assert_eq((int)level, i);
    }
}

Test(log, below_the_level_nothing_is_written)
{
    struct log *log = open_log(LOG_WARN);

    log_note(log, LOG_DEBUG, "no", "a", "b");
    log_note(log, LOG_INFO, "no", "a", "b");
    log_note(NULL, LOG_ERROR, "no", "a", "b");
    cr_assert_str_eq(written(), "");
    log_note(log, LOG_WARN, "yes", "a", "b");
    expect_only_event("yes");
    log_free(log);
    unlink(path);
}

Test(log, members_of_a_line)
{
    struct log *log = open_log(LOG_INFO);
    struct log_line line;
    regex_t time;

    log_begin(&line, log, LOG_ERROR, "attestation");
    log_text(&line, "peer", SLICE_LIT("a\"\n\xff"));
    log_word(&line, "verdict", "refused");
    log_int(&line, "count", -3);
    log_end(&line);
    cJSON *object = only_line();
    cr_assert_str_eq(member(object, "level"), "error");
    cr_assert_str_eq(member(object, "event"), "attestation");
    cr_assert_str_eq(member(object, "verdict"), "refused");
    cr_assert_str_eq(member(object, "peer"), "a\"\n\xef\xbf\xbd");
    cr_assert_float_eq(cJSON_GetNumberValue(cJSON_GetObjectItem(object, "count")), -3, 0);
    regcomp(&time, "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{3}Z$",
            REG_EXTENDED | REG_NOSUB);
    cr_assert_eq(regexec(&time, member(object, "time"), 0, NULL, 0), 0);
    regfree(&time);
    cJSON_Delete(object);
    log_free(log);
    unlink(path);
}

/* At every length around the limit the line stays one object. */
Test(log, a_long_line_is_cut_at_a_member)
{
    static uint8_t value[2 * LOG_LINE_MAX];

    memset(value, 'x', sizeof value);
    for (size_t len = LOG_LINE_MAX - 140; len < LOG_LINE_MAX + 10; len++) {
        struct log *log = open_log(LOG_INFO);
        struct log_line line;
        log_begin(&line, log, LOG_INFO, "long");
        log_text(&line, "value", (struct slice){ value, len });
        log_word(&line, "after", "y");
        log_end(&line);
        cr_assert_leq(strlen(written()), LOG_LINE_MAX);
        cJSON *object = only_line();
        bool cut = cJSON_IsTrue(cJSON_GetObjectItem(object, "cut"));
        cr_assert_eq(cut, !member(object, "after"), "%zu", len);
        cr_assert(!member(object, "value") || strlen(member(object, "value")) == len);
        cr_assert(cut || len < LOG_LINE_MAX - 60);
        cJSON_Delete(object);
        log_free(log);
        unlink(path);
        strcpy(path, "/tmp/vouchsafe-log-XXXXXX");
    }
}

Test(log, reopened_after_rotation)
{
    struct log *log = open_log(LOG_INFO);
    char moved[64];

    log_note(log, LOG_INFO, "first", "a", "b");
    snprintf(moved, sizeof moved, "%s.1", path);
    cr_assert_eq(rename(path, moved), 0);
    log_note(log, LOG_INFO, "second", "a", "b");
    cr_assert_eq(log_reopen(log), ST_OK);
    log_note(log, LOG_INFO, "third", "a", "b");
    expect_only_event("third");
    log_free(log);
    unlink(path);
    unlink(moved);
}

Test(log, what_a_full_disk_loses_is_counted)
{
    struct log *log;

    cr_assert_eq(log_new("/dev/full", LOG_INFO, &log), ST_OK);
    cr_assert_eq(log_lost(log), 0);
    log_note(log, LOG_INFO, "a", "b", "c");
    log_note(log, LOG_INFO, "a", "b", "c");
    cr_assert_eq(log_lost(log), 2);
    log_free(log);
}

/* Limits how long files may grow, as a disk without room does. */
static void allow_bytes(rlim_t bytes)
{
    struct rlimit limit;

    cr_assert_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
    signal(SIGXFSZ, SIG_IGN);
    limit.rlim_cur = bytes;
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

Test(log, a_line_that_had_no_room_tears_no_later_one)
{
    struct log *log = open_log(LOG_INFO);
    char stub[1024], next[1024];

    allow_bytes(20);
    log_note(log, LOG_INFO, "first", "a", "b");
    log_note(log, LOG_INFO, "second", "a", "b");
    allow_bytes(RLIM_INFINITY);
    log_note(log, LOG_INFO, "third", "a", "b");
    log_note(log, LOG_INFO, "fourth", "a", "b");
    cr_assert_eq(log_lost(log), 2);
    FILE *f = fopen(path, "r");
    cr_assert_not_null(f);
    cr_assert_not_null(fgets(stub, sizeof stub, f));
    cr_assert_eq(strlen(stub), 20 + 1);
    cr_assert_not_null(fgets(next, sizeof next, f));
    cr_assert_eq(next[0], '{');
    cr_assert_not_null(strstr(next, "third"));
    cr_assert_not_null(fgets(next, sizeof next, f));
    cr_assert_not_null(strstr(next, "fourth"));
    cr_assert_null(fgets(next, sizeof next, f));
    fclose(f);
    log_free(log);
    unlink(path);
}

enum { THREADS = 4, LINES = 500 };

/* How many lines of `text` are JSON; all of them but `torn` must be. */
static unsigned whole_lines_but(unsigned torn)
{
    unsigned whole = 0, broken = 0;

    for (char *at = text, *end; (end = strchr(at, '\n')); at = end + 1) {
        cJSON *object = NULL;
        struct slice line = { (uint8_t *)at, (size_t)(end - at) };
        if (json_parse_object(line, &JSON_MESSAGE_LIMITS, &object) == ST_OK)
            whole++;
        else
            broken++;
        cJSON_Delete(object);
    }
    cr_assert_eq(broken, torn);
    return whole;
}

static unsigned whole_lines(void)
{
    return whole_lines_but(0);
}

static void *write_lines(void *arg)
{
    for (int i = 0; i < LINES; i++)
        log_note(arg, LOG_INFO, "line", "value", "0123456789012345678901234567890123456789");
    return NULL;
}

Test(log, lines_of_threads_do_not_mix)
{
    struct log *log = open_log(LOG_INFO);
    pthread_t threads[THREADS];

    for (size_t i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, write_lines, log);
    cr_assert_eq(log_reopen(log), ST_OK);
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    written();
    cr_assert_eq(whole_lines(), THREADS * LINES);
    log_free(log);
    unlink(path);
}

/* Whoever fails to write while another does must not make it forget that a line stands there in
 * part. */
Test(log, what_threads_lose_tears_no_later_line)
{
    struct log *log = open_log(LOG_INFO);
    pthread_t threads[THREADS];

    log_note(log, LOG_INFO, "first", "a", "b");
    allow_bytes(strlen(written()) + 20);
    for (size_t i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, write_lines, log);
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    allow_bytes(RLIM_INFINITY);
    cr_assert_eq(log_lost(log), THREADS * LINES);
    log_note(log, LOG_INFO, "last", "a", "b");
    written();
    cr_assert_eq(whole_lines_but(1), 2);
    log_free(log);
    unlink(path);
}

/* --- of a loop --- */

static struct log *log_of_loop(struct log *log, struct event_base **base)
{
    struct log *own;

    *base = event_base_new();
    cr_assert_eq(log_for_loop(log, *base, &own), ST_OK);
    return own;
}

static unsigned lines_written(void)
{
    unsigned lines = 0;

    for (const char *at = written(); (at = strchr(at, '\n')); at++)
        lines++;
    return lines;
}

static void end_both(struct log *own, struct event_base *base, struct log *log)
{
    log_free(own);
    event_base_free(base);
    log_free(log);
    unlink(path);
}

Test(log, lines_of_a_loop_wait_for_the_end_of_its_pass)
{
    struct event_base *base;
    struct log *log = open_log(LOG_INFO), *own = log_of_loop(log, &base);

    log_note(own, LOG_INFO, "first", "a", "b");
    log_note(own, LOG_DEBUG, "below the level", "a", "b");
    log_note(own, LOG_INFO, "second", "a", "b");
    cr_assert_eq(lines_written(), 0);
    log_flush(own);
    cr_assert_eq(lines_written(), 2);
    cr_assert_lt(strstr(text, "first"), strstr(text, "second"));
    log_note(own, LOG_INFO, "third", "a", "b");
    cr_assert_eq(lines_written(), 2);
    event_base_loop(base, EVLOOP_NONBLOCK);
    cr_assert_eq(lines_written(), 3);
    log_flush(own);
    log_flush(NULL);
    log_flush(log);
    cr_assert_eq(lines_written(), 3, "none twice");
    end_both(own, base, log);
}

Test(log, what_a_loop_has_kept_is_written_when_it_ends)
{
    struct event_base *base;
    struct log *log = open_log(LOG_INFO), *own = log_of_loop(log, &base);

    log_note(own, LOG_INFO, "last", "a", "b");
    log_free(own);
    expect_only_event("last");
    event_base_free(base);
    log_free(log);
    unlink(path);
}

/* More than is kept, and, to a pipe, more than is written in one piece. */
Test(log, many_lines_of_a_loop_are_all_written)
{
    struct event_base *base;
    struct log *log = open_log(LOG_INFO), *own = log_of_loop(log, &base);

    for (int i = 0; i < 5 * LINES; i++)
        log_note(own, LOG_INFO, "line", "value", "0123456789012345678901234567890123456789");
    cr_assert_gt(lines_written(), 0, "it keeps so many and no more");
    log_flush(own);
    cr_assert_eq(lines_written(), 5 * LINES);
    end_both(own, base, log);
}

Test(log, each_line_of_a_loop_that_a_full_disk_loses_is_counted)
{
    struct event_base *base;
    struct log *log, *own;

    cr_assert_eq(log_new("/dev/full", LOG_INFO, &log), ST_OK);
    own = log_of_loop(log, &base);
    for (int i = 0; i < LINES; i++)
        log_note(own, LOG_INFO, "a", "b", "0123456789012345678901234567890123456789");
    log_flush(own);
    cr_assert_eq(log_lost(log), LINES);
    cr_assert_eq(log_lost(own), LINES);
    log_free(own);
    event_base_free(base);
    log_free(log);
}

static void *write_lines_of_a_loop(void *arg)
{
    struct event_base *base;
    struct log *own = log_of_loop(arg, &base);

    write_lines(own);
    log_free(own);
    event_base_free(base);
    return NULL;
}

static void *read_all(void *arg)
{
    const int *fd = arg;
    size_t len = 0;
    ssize_t n;

    while ((n = read(*fd, text + len, sizeof text - 1 - len)) > 0)
        len += (size_t)n;
    text[len] = '\0';
    return NULL;
}

/* A pipe takes apart what is longer than a page. */
Test(log, lines_of_loops_do_not_mix_in_a_pipe)
{
    pthread_t threads[THREADS], reader;
    char name[32];
    int ends[2];
    struct log *log;

    cr_assert_eq(pipe(ends), 0);
    snprintf(name, sizeof name, "/proc/self/fd/%d", ends[1]);
    cr_assert_eq(log_new(name, LOG_INFO, &log), ST_OK);
    close(ends[1]);
    pthread_create(&reader, NULL, read_all, &ends[0]);
    for (size_t i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, write_lines_of_a_loop, log);
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    log_free(log);
    pthread_join(reader, NULL);
    cr_assert_eq(whole_lines(), THREADS * LINES);
    close(ends[0]);
}
