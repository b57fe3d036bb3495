#include "backoff.h"

int64_t backoff_wait(int64_t min_ms, int64_t max_ms, unsigned failures, uint32_t chance)
{
    int64_t window = min_ms < max_ms ? min_ms : max_ms;

    while (failures-- && window < max_ms)
        window = window > max_ms / 2 ? max_ms : window * 2;
    return (int64_t)(((uint64_t)window + 1) * chance >> 32); /* window is below 2^31 */
}
