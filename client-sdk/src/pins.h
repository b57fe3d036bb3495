/* pins: the public keys of which a server's chain must hold one (RFC 7469 §2.6): those that the
 * app was configured with, and those that attestd has delivered since. Safe across threads. */
#pragma once
#include "msg_attestation.h"
#include "vouchsafe/client.h"

enum { CHAIN_MAX = 16 };

/* SHA-256 of each SubjectPublicKeyInfo of a chain that has been verified. */
struct chain {
    size_t count;
    struct digest keys[CHAIN_MAX];
};

struct pin_list {
    size_t count;
    struct digest pins[PINS_MAX];
};

struct pins;

/* delivered_count over PINS_MAX is BAD_ARGUMENT. */
enum vouchsafe_error pins_new(const struct vouchsafe_config *config, struct pins **out) MUST_USE;
void pins_free(struct pins *p);

/* Configured pins bind every server, delivered ones the server that delivered them: attestd. Both
 * are good for any. */
bool pins_hold(struct pins *p, const struct chain *chain, bool attestd);

/* Takes delivered pins in place of those before, and says whether it did. It does not for an empty
 * list, for the same list, and for one that the chain it came over would fail: no delivery locks
 * the app out. */
bool pins_deliver(struct pins *p, const struct pin_list *list, const struct chain *chain);
