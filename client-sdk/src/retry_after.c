#include "retry_after.h"

#include "http_date.h"

int64_t retry_after_read(struct slice value, struct slice date, int64_t now)
{
    uint64_t seconds;
    int64_t until;

    enum status st = slice_to_u64(value, INT32_MAX, &seconds);
    if (st != ST_INVALID)
        return st ? INT32_MAX : (int64_t)seconds;
    if (http_date_read(value, now, &until))
        return 0;
    (void)!http_date_read(date, now, &now); /* stays what it was */
    return until > now ? until - now : 0;
}
