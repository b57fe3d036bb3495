/* vouchsafe/client_event.h: vouchsafe_client_* on an event loop of yours: libevent
 * 2.1. A library of its own, vouchsafe-client-event, beside vouchsafe-client.
 *
 * Nothing blocks the loop, but for the time that reading this app's own code
 * takes: about a millisecond an attestation. Names are resolved by evdns.
 *
 * Every function that takes a callback returns VOUCHSAFE_OK, and then the
 * callback is called exactly once: from the loop, never before the function has
 * returned; or it returns NO_MEMORY, or CANCELLED while the client is being freed,
 * and then the callback is not called. What a callback is given lives until it
 * returns, and is NULL with any error. Callbacks may call everything here, free
 * included. All calls of one client belong into its loop's thread. */
#ifndef VOUCHSAFE_CLIENT_EVENT_H
#define VOUCHSAFE_CLIENT_EVENT_H

#include "client.h"

#ifdef __cplusplus
extern "C" {
#endif

struct event_base;
struct vouchsafe_async;

/* As vouchsafe_client_new; the base must outlive the client. The client keeps the
 * loop going only while an answer is due. */
VOUCHSAFE_API enum vouchsafe_error
vouchsafe_async_new(const struct vouchsafe_config *config, struct event_base *base,
                    struct vouchsafe_async **out) VOUCHSAFE_MUST_USE;

/* Calls the callbacks that are due with VOUCHSAFE_CANCELLED before it returns. */
VOUCHSAFE_API void vouchsafe_async_free(struct vouchsafe_async *client);

typedef void vouchsafe_token_fn(void *arg, enum vouchsafe_error error, const char *token);

/* The integrity token, as vouchsafe_client_token gives it: one attestation at a
 * time; renewed ahead of its end while the old one is handed out; back-off. */
VOUCHSAFE_API enum vouchsafe_error vouchsafe_async_token(struct vouchsafe_async *client,
                                                         vouchsafe_token_fn *done,
                                                         void *arg) VOUCHSAFE_MUST_USE;

/* Attests anew, as vouchsafe_client_attest. */
VOUCHSAFE_API enum vouchsafe_error vouchsafe_async_attest(struct vouchsafe_async *client,
                                                          vouchsafe_token_fn *done,
                                                          void *arg) VOUCHSAFE_MUST_USE;

/* A client assertion and an EAT Attestation Result, as vouchsafe_client_assertion and
 * vouchsafe_client_ear: `token` is it. */
VOUCHSAFE_API enum vouchsafe_error vouchsafe_async_assertion(struct vouchsafe_async *client,
                                                             const char *audience,
                                                             vouchsafe_token_fn *done,
                                                             void *arg) VOUCHSAFE_MUST_USE;
VOUCHSAFE_API enum vouchsafe_error vouchsafe_async_ear(struct vouchsafe_async *client,
                                                       vouchsafe_token_fn *done,
                                                       void *arg) VOUCHSAFE_MUST_USE;

typedef void vouchsafe_headers_fn(void *arg, enum vouchsafe_error error,
                                  const struct vouchsafe_headers *headers);

/* The two headers for one request, as vouchsafe_client_headers. The texts are
 * copied; `challenge` may be NULL. */
VOUCHSAFE_API enum vouchsafe_error
vouchsafe_async_headers(struct vouchsafe_async *client, const char *audience, const char *challenge,
                        vouchsafe_headers_fn *done, void *arg) VOUCHSAFE_MUST_USE;

typedef void vouchsafe_response_fn(void *arg, enum vouchsafe_error error,
                                   const struct vouchsafe_response *response);

/* POSTs a form with the two headers, as vouchsafe_client_post. The texts are
 * copied, and the response is freed after the callback. */
VOUCHSAFE_API enum vouchsafe_error
vouchsafe_async_post(struct vouchsafe_async *client, const char *url, const char *audience,
                     const char *form, vouchsafe_response_fn *done, void *arg) VOUCHSAFE_MUST_USE;

/* As vouchsafe_client_refusal. */
VOUCHSAFE_API void vouchsafe_async_refusal(const struct vouchsafe_async *client,
                                           struct vouchsafe_refusal *out);

#ifdef __cplusplus
}
#endif
#endif
