#include "self_maps.h"

#include <string.h>

#include "plain.h"

/* Hexadecimal digits up to `end`, which is cut off too. */
static enum status read_hex(struct slice *line, char end, uint64_t *out)
{
    struct slice digits = slice_cut(line, end);

    *out = 0;
    if (digits.len == 0 || digits.len > 2 * sizeof *out || !line->data)
        return ST_INVALID;
    for (size_t i = 0; i < digits.len; i++) {
        uint8_t c = digits.data[i];
        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')))
            return ST_INVALID;
        *out = *out << 4 | (uint64_t)(c <= '9' ? c - '0' : c - 'a' + 10);
    }
    return ST_OK;
}

static enum status read_permissions(struct slice text, struct maps_entry *out)
{
    if (text.len != 4)
        return ST_INVALID;
    out->readable = text.data[0] == 'r';
    out->writable = text.data[1] == 'w';
    out->executable = text.data[2] == 'x';
    out->shared = text.data[3] == 's';
    return ST_OK;
}

enum status maps_line_read(struct slice line, struct maps_entry *out)
{
    uint64_t start, end;

    if (read_hex(&line, '-', &start) || read_hex(&line, ' ', &end) || start >= end ||
        read_permissions(slice_cut(&line, ' '), out) || read_hex(&line, ' ', &out->offset))
        return ST_INVALID;
    out->start = start;
    out->end = end;
    struct slice device = slice_cut(&line, ' '), inode = slice_cut(&line, ' ');
    while (line.len && line.data[0] == ' ')
        line = (struct slice){ line.data + 1, line.len - 1 };
    out->path = line;
    return device.len && inode.len ? ST_OK : ST_INVALID;
}

enum status maps_open(struct maps_reader *r)
{
    r->from = r->to = 0;
    r->fd = plain_open("/proc/self/maps");
    return r->fd < 0 ? ST_IO : ST_OK;
}

void maps_close(struct maps_reader *r)
{
    plain_close(r->fd);
}

/* ST_NOT_FOUND at the end of the file. */
static enum status fill(struct maps_reader *r)
{
    memmove(r->buffer, r->buffer + r->from, r->to - r->from);
    r->to -= r->from;
    r->from = 0;
    if (r->to == sizeof r->buffer)
        return ST_INVALID; /* no line is that long */
    ssize_t got = plain_read(r->fd, r->buffer + r->to, sizeof r->buffer - r->to);
    if (got < 0)
        return ST_IO;
    r->to += (size_t)got;
    if (got > 0)
        return ST_OK;
    return r->to ? ST_INVALID : ST_NOT_FOUND;
}

enum status maps_next(struct maps_reader *r, struct maps_entry *out)
{
    const uint8_t *end;

    while (!(end = memchr(r->buffer + r->from, '\n', r->to - r->from))) {
        enum status st = fill(r);
        if (st)
            return st;
    }
    struct slice line = { r->buffer + r->from, (size_t)(end - r->buffer) - r->from };
    r->from += line.len + 1;
    return maps_line_read(line, out);
}
