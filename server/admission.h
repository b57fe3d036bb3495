/* admission: 429 for whoever asks too often (RFC 6585 §4), before anything costly is
 * done for them. */
#pragma once
#include "daemon.h"

/* Both: false after the request has been answered. */
bool admission_address(struct http_exchange *ex, struct worker *w);
/* client_id is a registered one's, or empty for all others: they share one bucket, so
 * that invented ids neither crowd out registered ones nor have a limit each. */
bool admission_client(struct http_exchange *ex, struct worker *w, struct slice client_id);
