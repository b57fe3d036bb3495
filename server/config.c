#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "near_word.h"

enum { FILE_MAX = 1 << 20, MESSAGE_MAX = 256, OPTS_MAX = 64 };

/* libconfuse takes a section that the end of the file cuts off. This key, put
 * behind the text, is then unknown where it stands. */
#define END_MARK "end_of_file"
#define END_LINE " " END_MARK " = true\n"

/* --- what libconfuse has to say --- */

struct collector {
    char *why;
    size_t cap;
    const char *path;
    bool told; /* the first mistake is the one to mend */
};

/* libconfuse hands its error function no argument, and keeps its scanner in
 * globals anyway: one file at a time is read in a thread. */
static _Thread_local struct collector *collecting;

static void explain_unknown(const cfg_t *cfg, const char *word, char *out, size_t cap)
{
    struct near_word meant = near_word_begin(word);

    for (const cfg_opt_t *opt = cfg->opts; opt->name; opt++)
        if (strcmp(opt->name, END_MARK) != 0)
            near_word_try(&meant, opt->name);
    if (strcmp(word, END_MARK) == 0)
        snprintf(out, cap, "the section \"%s\" is not closed", cfg->name);
    else
        near_word_explain(&meant, out, cap);
}

__attribute__((format(printf, 2, 0))) static void collect(cfg_t *cfg, const char *format,
                                                          va_list args)
{
    struct collector *c = collecting;
    char message[MESSAGE_MAX];
    va_list word;

    if (c->told)
        return;
    c->told = true;
    va_copy(word, args);
    if (strcmp(format, "no such option '%s'") == 0)
        explain_unknown(cfg, va_arg(word, const char *), /* NOLINT(clang-analyzer-valist.*) */
                        message, sizeof message);
    else
        vsnprintf(message, sizeof message, format, args);
    va_end(word);
    snprintf(c->why, c->cap, "%s:%d: %s", c->path, cfg->line, message);
}

/* --- reading --- */

/* libconfuse's scanner ends the process when a read fails, so the file is read
 * here: at most cap bytes of it. */
static enum status read_file(int fd, char *text, size_t cap, size_t *len)
{
    ssize_t n;

    do {
        n = read(fd, text + *len, cap - *len);
        if (n > 0)
            *len += (size_t)n;
    } while (n > 0 || (n < 0 && errno == EINTR));
    return n < 0 ? ST_IO : ST_OK;
}

static char *end_of_text(char *at)
{
    for (char *end = at + 1; *end; end++) {
        if (*end == '\\' && end[1])
            end++;
        else if (*end == at[0])
            return end + 1;
    }
    return at + strlen(at);
}

/* NULL if none starts here. One that is not closed is left to libconfuse. */
static char *end_of_comment(char *at, bool fresh)
{
    if (*at == '#' || (fresh && strncmp(at, "//", 2) == 0))
        return at + strcspn(at, "\n");
    if (strncmp(at, "/*", 2) != 0)
        return NULL;
    char *end = strstr(at + 2, "*/");
    return end ? end + 2 : NULL;
}

static char *blank(char *at, char *end)
{
    for (; at < end; at++)
        if (*at != '\n')
            *at = ' ';
    return end;
}

/* libconfuse counts the lines of comments more than once, so none is left to it. */
static void blank_comments(char *text)
{
    bool fresh = true; /* no unquoted word is under way: "//" may be in one */

    for (char *at = text; *at;) {
        char *end = end_of_comment(at, fresh);
        fresh = end || strchr(" \t\r\n{}(),=+", *at);
        if (end)
            at = blank(at, end);
        else
            at = *at == '"' || *at == '\'' ? end_of_text(at) : at + 1;
    }
}

/* ST_TOO_LARGE for a file that has grown since, too. */
static enum status read_whole(int fd, char **text, size_t *len)
{
    struct stat info;

    if (fstat(fd, &info) != 0)
        return ST_IO;
    /* What is no regular file may say that it is empty. */
    size_t cap = S_ISREG(info.st_mode) ? (size_t)info.st_size + 1 : FILE_MAX;
    if (cap > FILE_MAX) {
        errno = EFBIG;
        return ST_TOO_LARGE;
    }
    *text = malloc(cap + sizeof END_LINE);
    enum status st = *text ? read_file(fd, *text, cap, len) : ST_NO_MEMORY;
    if (!st && *len == cap) {
        errno = EFBIG;
        return ST_TOO_LARGE;
    }
    if (!st)
        (*text)[*len] = '\0';
    return st;
}

static enum status read_text(const char *path, char **out)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    char *text = NULL;
    size_t len = 0;

    if (fd < 0)
        return errno == ENOENT ? ST_NOT_FOUND : ST_IO;
    enum status st = read_whole(fd, &text, &len);
    int saved = errno;
    close(fd);
    if (!st && strlen(text) < len) {
        saved = EILSEQ;
        st = ST_INVALID;
    }
    if (st) {
        free(text);
        errno = saved;
        return st;
    }
    blank_comments(text);
    strcpy(text + len, END_LINE);
    *out = text;
    return ST_OK;
}

/* The caller's options and the mark. cfg_init copies them. */
static cfg_t *init(const cfg_opt_t *opts)
{
    const cfg_opt_t end[] = { CFG_BOOL(END_MARK, cfg_false, CFGF_NONE), CFG_END() };
    cfg_opt_t all[OPTS_MAX];
    size_t n = 0;

    while (n < OPTS_MAX - 2 && opts[n].name) {
        all[n] = opts[n];
        n++;
    }
    memcpy(&all[n], end, sizeof end);
    return opts[n].name ? NULL : cfg_init(all, CFGF_NONE);
}

static enum status parse(cfg_t *cfg, const char *text, struct collector *c)
{
    collecting = c;
    cfg_set_error_function(cfg, collect);
    int result = cfg_parse_buf(cfg, text);
    collecting = NULL;
    if (result != CFG_SUCCESS && !c->told)
        snprintf(c->why, c->cap, "%s: it is not a configuration", c->path);
    else if (result == CFG_SUCCESS && !cfg_getbool(cfg, END_MARK))
        snprintf(c->why, c->cap, "%s: a comment or a text is not closed", c->path);
    else
        return result == CFG_SUCCESS ? ST_OK : ST_INVALID;
    return ST_INVALID;
}

enum status config_parse(const char *path, cfg_opt_t *opts, cfg_t **out, char *why, size_t why_cap)
{
    struct collector c = { .why = why, .cap = why_cap, .path = path };
    char *text = NULL;
    enum status st = read_text(path, &text);

    if (st) {
        snprintf(why, why_cap, "%s: %s", path, st == ST_NO_MEMORY ? "no memory" : strerror(errno));
        return st;
    }
    cfg_t *cfg = init(opts);
    st = cfg ? parse(cfg, text, &c) : ST_NO_MEMORY;
    free(text);
    if (st == ST_OK)
        *out = cfg;
    else if (cfg)
        cfg_free(cfg);
    else
        snprintf(why, why_cap, "%s: no memory", path);
    return st;
}

enum status config_int(cfg_t *cfg, const char *name, long min, long max, uint32_t *out, char *why,
                       size_t why_cap)
{
    bool top = strcmp(cfg->name, "root") == 0;
    long value = cfg_getint(cfg, name);

    if (value >= min && value <= max) {
        *out = (uint32_t)value;
        return ST_OK;
    }
    snprintf(why, why_cap, "%s%s%s must be from %ld to %ld, not %ld", top ? "" : cfg->name,
             top ? "" : " ", name, min, max, value);
    return ST_INVALID;
}
