/* flight: one attestation on its way: two requests and their answers. No I/O: a driver posts what
 * flight_next says and hands in what came back. */
#pragma once
#include "http_message.h"
#include "keeper.h"
#include "settings.h"

/* What a flight is to bring home. */
struct wish {
    enum vouchsafe_format format;
    const char *audience; /* borrowed; or NULL */
};
extern const struct wish WISH_TOKEN; /* the integrity token, which the keeper keeps */
/* An audience where one belongs, of a length that attestd takes, and nowhere else. */
bool wish_ok(const struct wish *wish);

struct flight {
    struct wish wish;
    struct vouchsafe_core *core;     /* borrowed */
    const struct settings *settings; /* borrowed */
    char previous[VOUCHSAFE_TOKEN_MAX + 1];
    char token[VOUCHSAFE_TOKEN_MAX + 1]; /* of the wish's format */
    bool challenged, landed;
    struct landing landing;
    struct pin_list pins; /* delivered with the token */
    char message[VOUCHSAFE_MESSAGE_MAX];
};

/* `previous` is the last token, or "". NULL without memory. */
struct flight *flight_new(struct vouchsafe_core *core, const struct settings *settings,
                          const struct wish *wish, const char *previous);
void flight_free(struct flight *f);

/* The next request; it borrows from the flight. `now` is of monotonic time, in ms. */
enum vouchsafe_error flight_next(struct flight *f, int64_t now, struct http_post *out) MUST_USE;

/* Takes its answer. f->landed once there is a token. */
enum vouchsafe_error flight_answer(struct flight *f, const struct http_answer *answer) MUST_USE;

/* How it ended, for keeper_land: with what went wrong, or landed. */
const struct landing *flight_end(struct flight *f, enum vouchsafe_error error);
