#include "msg_device.h"

#include <criterion/criterion.h>

Test(msg_device, is_told_by_its_first_byte)
{
    cr_expect_eq(device_message_kind((struct slice){ 0 }), 0);
    cr_expect_eq(device_message_kind(SLICE_LIT("\x04x")), DEVICE_GRANT);
    struct reader r = device_message_begin(SLICE_LIT("\x04x"), DEVICE_GRANT);
    cr_expect_eq(reader_u8(&r), 'x');
    cr_expect(reader_is_done(&r));
    r = device_message_begin(SLICE_LIT("\x04x"), DEVICE_PING);
    cr_expect(r.bad);
    r = device_message_begin((struct slice){ 0 }, DEVICE_PING);
    cr_expect(r.bad);
}
