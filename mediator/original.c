#include "original.h"

#include <string.h>

/* nginx and HAProxy are told what to send (deploy/nginx, deploy/haproxy); Traefik's forwardAuth
 * sends X-Forwarded-*; Envoy's ext_authz puts the path behind its prefix. */
static const struct original_source sources[] = {
    { "x-original", "X-Original-Method", "X-Original-URI" },
    { "x-forwarded", "X-Forwarded-Method", "X-Forwarded-Uri" },
    { "path", NULL, NULL },
};

const struct original_source *original_find(const char *name)
{
    for (size_t i = 0; i < sizeof sources / sizeof *sources; i++)
        if (strcmp(sources[i].name, name) == 0)
            return &sources[i];
    return NULL;
}

/* RFC 9110 §9.1, those that are in use. */
static bool is_method(struct slice s)
{
    for (size_t i = 0; i < s.len; i++)
        if ((s.data[i] < 'A' || s.data[i] > 'Z') && s.data[i] != '-')
            return false;
    return s.len > 0 && s.len <= ORIGINAL_METHOD_MAX;
}

/* Origin form (RFC 9112 §3.2.1). */
static bool is_target(struct slice s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.data[i] <= ' ' || s.data[i] > '~' || s.data[i] == '#')
            return false;
    return s.len > 0 && s.len <= ORIGINAL_TARGET_MAX && s.data[0] == '/';
}

enum status original_read(const struct original_source *source, const struct http1_head *head,
                          struct slice rest, struct original *out)
{
    struct slice method = head->method, target = rest;

    if (source->method_header) {
        if (http1_header_occurrences(head, source->method_header) != 1 ||
            http1_header_occurrences(head, source->target_header) != 1)
            return ST_NOT_FOUND;
        method = http1_header_value(head, source->method_header);
        target = http1_header_value(head, source->target_header);
    }
    if (!is_method(method) || !is_target(target))
        return ST_INVALID;
    *out = (struct original){ .method = method, .path = slice_cut(&target, '?') };
    return ST_OK;
}
