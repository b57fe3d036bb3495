#include "msg_device.h"

unsigned device_message_kind(struct slice message)
{
    return message.len ? message.data[0] : 0;
}

struct reader device_message_begin(struct slice message, enum device_message kind)
{
    struct reader r = reader_over(message);

    if (reader_u8(&r) != kind)
        r.bad = true;
    return r;
}
