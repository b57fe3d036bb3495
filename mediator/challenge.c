#include "challenge.h"

enum { ANSWER_MAX = 128 };

static void issued(void *arg, enum status st, struct slice value)
{
    struct request *r = arg;
    uint8_t text[ANSWER_MAX];
    struct writer w = writer_over(text, sizeof text);
    struct json_writer j = json_writer_over(&w);

    (void)value;
    if (st) {
        request_fail(r, (struct verdict){ refusal_of_store(st), "store: keeping a challenge" });
        return;
    }
    json_begin_object(&j, NULL);
    json_text(&j, "attestation_challenge", slice_of(r->challenge.text));
    json_end_object(&j);
    http_reply_json(r->ex, 200, writer_slice(&w));
}

void challenge_handle(struct request *r)
{
    pop_challenge_issue(r->worker->store, &r->challenge,
                        request_settings(r)->challenge_lifetime * 1000, issued, r);
}
