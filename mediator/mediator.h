/* mediator: what one worker holds besides its loop: the configuration in force
 * and the connections that were made from it. */
#pragma once
#include "daemon.h"
#include "discovery.h"
#include "mailbox.h"

/* Hooks of the daemon_spec. */
enum status mediator_start(struct worker *w);
void mediator_reload(struct worker *w);
void mediator_stop(struct worker *w);

/* Where calls from other loops come back to this worker. */
struct mailbox *mediator_mailbox(const struct worker *w);

/* One configuration and its connections on this worker. A request holds the one
 * that it began under until it ends, while others use the next. */
struct generation;
struct generation *generation_hold(struct worker *w);
void generation_drop(struct generation *g);
const struct settings *generation_settings(const struct generation *g);
/* Of settings->upstreams[i]. */
struct discovery *generation_discovery(const struct generation *g, size_t i);
