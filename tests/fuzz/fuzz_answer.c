/* The answers that the client SDK reads. However the bytes arrive, the outcome is the same. */
#include <string.h>

#include "fuzz.h"
#include "http_message.h"

enum { ANSWER_MAX = 2048, NOW = 1790000000 };

struct outcome {
    enum vouchsafe_error error;
    struct http_answer answer; /* if whole */
};

/* One piece, as much of it as there is room for; sets *used. */
static enum vouchsafe_error take(struct http_reading *r, struct slice rest, size_t step,
                                 size_t *used)
{
    uint8_t *at;
    size_t room;
    enum vouchsafe_error error = http_reading_room(r, &at, &room);

    MUST(!error && room > 0 && r->cap <= 8 * (16384 + ANSWER_MAX));
    *used = rest.len < step ? rest.len : step;
    if (*used > room)
        *used = room;
    if (*used)
        memcpy(at, rest.data, *used);
    return http_reading_take(r, *used);
}

static struct outcome read_in_steps(struct slice rest, size_t step)
{
    struct outcome o = { .error = VOUCHSAFE_OK };
    struct http_reading reading;
    size_t used;

    http_reading_init(&reading, ANSWER_MAX);
    /* A step of nothing is the end of the connection. */
    do {
        o.error = take(&reading, rest, step, &used);
        rest = (struct slice){ rest.data + used, rest.len - used };
    } while (!o.error && !reading.done && used);
    if (!o.error) {
        MUST(reading.done && reading.body_len <= ANSWER_MAX);
        MUST(http_reading_answer(&reading, NOW, &o.answer) == VOUCHSAFE_OK);
        MUST(o.answer.code >= 200 && o.answer.code <= 599 && o.answer.retry_after_s >= 0);
    }
    http_reading_clear(&reading);
    return o;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    const struct slice text = { data, len };
    static const size_t steps[] = { 1, 7, 1000 };
    struct outcome whole = read_in_steps(text, len + 1);

    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        struct outcome again = read_in_steps(text, steps[i]);
        MUST(again.error == whole.error);
        if (!whole.error) {
            MUST(again.answer.code == whole.answer.code && again.answer.len == whole.answer.len);
            MUST(memcmp(again.answer.body, whole.answer.body, whole.answer.len + 1) == 0);
            MUST(again.answer.retry_after_s == whole.answer.retry_after_s);
        }
        http_answer_clear(&again.answer);
    }
    http_answer_clear(&whole.answer);
    return 0;
}
