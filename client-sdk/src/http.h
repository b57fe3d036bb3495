/* http: one blocking POST. */
#pragma once
#include "channel.h"
#include "http_message.h"

/* Any status is VOUCHSAFE_OK. */
enum vouchsafe_error http_post(const struct http_post *post, struct trust *trust,
                               struct http_answer *out) MUST_USE;
