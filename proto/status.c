#include "status.h"

static const char *const names[ST_COUNT] = {
    [ST_OK] = "ok",
    [ST_INVALID] = "invalid",
    [ST_TOO_LARGE] = "too_large",
    [ST_UNSUPPORTED] = "unsupported",
    [ST_DENIED] = "denied",
    [ST_EXPIRED] = "expired",
    [ST_NOT_FOUND] = "not_found",
    [ST_EXISTS] = "exists",
    [ST_BUSY] = "busy",
    [ST_UNAVAILABLE] = "unavailable",
    [ST_LOST] = "lost",
    [ST_TIMEOUT] = "timeout",
    [ST_NO_MEMORY] = "no_memory",
    [ST_IO] = "io",
    [ST_INTERNAL] = "internal",
};

const char *status_name(enum status st)
{
    return (unsigned)st < ST_COUNT ? names[st] : "unknown";
}
