#include "device.h"

static const struct {
    enum vouchsafe_device_status outside;
} names[ST_COUNT] = {
    [ST_OK] = { VOUCHSAFE_DEVICE_OK },
    [ST_INVALID] = { VOUCHSAFE_DEVICE_MALFORMED },
    [ST_TOO_LARGE] = { VOUCHSAFE_DEVICE_TOO_LARGE },
    [ST_UNSUPPORTED] = { VOUCHSAFE_DEVICE_UNSUPPORTED },
    [ST_DENIED] = { VOUCHSAFE_DEVICE_DENIED },
    [ST_EXPIRED] = { VOUCHSAFE_DEVICE_EXPIRED },
    [ST_NOT_FOUND] = { VOUCHSAFE_DEVICE_UNKNOWN },
    [ST_EXISTS] = { VOUCHSAFE_DEVICE_REPLAYED },
    [ST_BUSY] = { VOUCHSAFE_DEVICE_FULL },
    [ST_UNAVAILABLE] = { VOUCHSAFE_DEVICE_NO_RANDOM },
};

enum vouchsafe_device_status device_status(enum status st)
{
    if (st && !names[st].outside)
        return VOUCHSAFE_DEVICE_FAILED;
    return names[st].outside;
}

const char *vouchsafe_device_text(enum vouchsafe_device_status status)
{
    static const char *const texts[] = {
        [VOUCHSAFE_DEVICE_OK] = "it worked",
        [VOUCHSAFE_DEVICE_BAD_ARGUMENT] = "this cannot work, or not now",
        [VOUCHSAFE_DEVICE_MALFORMED] = "what came is not what the protocol allows",
        [VOUCHSAFE_DEVICE_TOO_LARGE] = "a message is too large",
        [VOUCHSAFE_DEVICE_UNSUPPORTED] = "another version, kind or algorithm",
        [VOUCHSAFE_DEVICE_DENIED] = "a key, a signature or a record does not hold",
        [VOUCHSAFE_DEVICE_EXPIRED] = "too late or too early",
        [VOUCHSAFE_DEVICE_UNKNOWN] = "there is no such grant, or the token is for somebody else",
        [VOUCHSAFE_DEVICE_REPLAYED] = "this token has opened a session before",
        [VOUCHSAFE_DEVICE_FULL] = "there is no room",
        [VOUCHSAFE_DEVICE_NO_RANDOM] = "the random source failed",
        [VOUCHSAFE_DEVICE_BUSY] = "a command waits for its answer",
        [VOUCHSAFE_DEVICE_CLOSED] = "it has ended before",
        [VOUCHSAFE_DEVICE_FAILED] = "memory ran out, or a bug",
    };

    if ((size_t)status >= sizeof texts / sizeof texts[0])
        return "an unknown status";
    return texts[status];
}
