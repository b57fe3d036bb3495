#include "report.h"

#include <string.h>

#include "eight.h"
#include "hex.h"

const char *const REPORT_DEBUGGER_NAMES[] = { "tracer", "seccomp", "dumpable", NULL };
const char *const REPORT_PRELOAD_NAMES[] = { "LD_PRELOAD", "LD_AUDIT", "LD_LIBRARY_PATH",
                                             "ld.so.preload", NULL };

enum { NONE = '-', HEX_DIGITS_MAX = 16 };

static bool is_printable(struct slice s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.len - i >= EIGHT && eight_printable(s.data + i))
            i += EIGHT - 1;
        else if (s.data[i] < ' ' || s.data[i] > '~')
            return false;
    return true;
}

static enum status next_line(struct slice *report, struct slice *out)
{
    if (report->len == 0)
        return ST_NOT_FOUND;
    if (!memchr(report->data, '\n', report->len))
        return ST_INVALID;
    *out = slice_cut(report, '\n');
    return is_printable(*out) ? ST_OK : ST_INVALID;
}

/* What cannot be printed becomes '?': a report must survive JSON byte for byte. */
static void write_printable(struct writer *w, struct slice s)
{
    for (size_t i = 0; i < s.len; i++)
        writer_byte(w, s.data[i] < ' ' || s.data[i] > '~' ? '?' : s.data[i]);
}

static enum status read_build_id(struct slice text, struct build_id *out)
{
    out->len = 0;
    if (text.len == 1 && text.data[0] == NONE)
        return ST_OK;
    return build_id_read(text, out);
}

static void write_build_id(struct writer *w, const struct build_id *id)
{
    if (id->len)
        writer_text(w, build_id_text(id).text);
    else
        writer_byte(w, NONE);
}

static bool flag(uint8_t c, char set, bool *out)
{
    *out = c == (uint8_t)set;
    return *out || c == NONE;
}

static enum status read_permissions(struct slice text, struct report_mapping *out)
{
    if (text.len != 4 || !flag(text.data[0], 'r', &out->readable) ||
        !flag(text.data[1], 'w', &out->writable) || text.data[2] != 'x')
        return ST_INVALID;
    out->shared = text.data[3] == 's';
    return out->shared || text.data[3] == 'p' ? ST_OK : ST_INVALID;
}

enum status report_mapping_next(struct slice *report, struct report_mapping *out)
{
    struct slice line;
    enum status st = next_line(report, &line);

    if (st)
        return st;
    struct slice permissions = slice_cut(&line, ' '), state = slice_cut(&line, ' '),
                 bytes = slice_cut(&line, ' '), build_id = slice_cut(&line, ' ');
    out->altered = slice_is(state, "altered");
    out->path = line;
    if (read_permissions(permissions, out) || (!out->altered && !slice_is(state, "clean")) ||
        slice_to_u64(bytes, INT64_MAX, &out->bytes) || read_build_id(build_id, &out->build_id) ||
        line.len == 0)
        return ST_INVALID;
    return ST_OK;
}

void report_mapping_write(struct writer *w, const struct report_mapping *m)
{
    writer_byte(w, m->readable ? 'r' : NONE);
    writer_byte(w, m->writable ? 'w' : NONE);
    writer_byte(w, 'x');
    writer_byte(w, m->shared ? 's' : 'p');
    writer_text(w, m->altered ? " altered " : " clean ");
    writer_decimal(w, (int64_t)m->bytes);
    writer_byte(w, ' ');
    write_build_id(w, &m->build_id);
    writer_byte(w, ' ');
    write_printable(w, m->path);
    writer_byte(w, '\n');
}

static enum status read_number(struct slice text, uint32_t *out)
{
    uint64_t number;

    if (slice_to_u64(text, UINT32_MAX, &number))
        return ST_INVALID;
    *out = (uint32_t)number;
    return ST_OK;
}

static enum status read_offset(struct slice text, uint64_t *out)
{
    static const char digits[] = "0123456789abcdef";

    *out = 0;
    if (text.len == 0 || text.len > HEX_DIGITS_MAX)
        return ST_INVALID;
    for (size_t i = 0; i < text.len; i++) {
        const char *digit = text.data[i] ? strchr(digits, text.data[i]) : NULL;
        if (!digit)
            return ST_INVALID;
        *out = *out << 4 | (uint64_t)(digit - digits);
    }
    return ST_OK;
}

static void write_offset(struct writer *w, uint64_t offset)
{
    bool begun = false;

    for (int shift = 60; shift >= 0; shift -= 4) {
        unsigned digit = offset >> shift & 15;
        begun = begun || digit || shift == 0;
        if (begun)
            writer_byte(w, (uint8_t) "0123456789abcdef"[digit]);
    }
}

static enum status read_slot(struct slice line, struct report_import *out)
{
    if (read_number(slice_cut(&line, ' '), &out->slot))
        return ST_INVALID;
    if (slice_is(line, "none")) {
        out->what = REPORT_EMPTY_SLOT;
        return ST_OK;
    }
    out->what = REPORT_SLOT;
    if (read_number(slice_cut(&line, ' '), &out->module))
        return ST_INVALID;
    return read_offset(line, &out->offset);
}

enum status report_import_next(struct slice *report, struct report_import *out)
{
    struct slice line;
    enum status st = next_line(report, &line);

    *out = (struct report_import){ .what = REPORT_MODULE };
    if (st)
        return st;
    struct slice word = slice_cut(&line, ' ');
    if (slice_is(word, "slot"))
        return read_slot(line, out);
    if (!slice_is(word, "module") || read_build_id(slice_cut(&line, ' '), &out->build_id) ||
        line.len == 0)
        return ST_INVALID;
    out->path = line;
    return ST_OK;
}

void report_import_write(struct writer *w, const struct report_import *i)
{
    if (i->what == REPORT_MODULE) {
        writer_text(w, "module ");
        write_build_id(w, &i->build_id);
        writer_byte(w, ' ');
        write_printable(w, i->path);
    } else {
        writer_text(w, "slot ");
        writer_decimal(w, i->slot);
        writer_text(w, i->what == REPORT_SLOT ? " " : " none");
    }
    if (i->what == REPORT_SLOT) {
        writer_decimal(w, i->module);
        writer_byte(w, ' ');
        write_offset(w, i->offset);
    }
    writer_byte(w, '\n');
}

enum status report_fact_next(struct slice *report, struct report_fact *out)
{
    struct slice line;
    enum status st = next_line(report, &line);

    if (st)
        return st;
    if (line.len == 0 || !memchr(line.data, ' ', line.len))
        return ST_INVALID;
    out->name = slice_cut(&line, ' ');
    out->value = line;
    return out->name.len ? ST_OK : ST_INVALID;
}

void report_fact_write(struct writer *w, const struct report_fact *f)
{
    write_printable(w, f->name);
    writer_byte(w, ' ');
    write_printable(w, f->value);
    writer_byte(w, '\n');
}
