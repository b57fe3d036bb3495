#include "health.h"

#include "daemon.h"
#include "http_error.h"
#include "readiness.h"

void health_handle(struct http_exchange *ex, void *app)
{
    (void)app;
    http_reply_json(ex, 200, SLICE_LIT("{\"status\":\"ok\"}"));
}

void ready_handle(struct http_exchange *ex, void *app)
{
    const struct worker *w = app;

    readiness_tell(w->readiness, w->index, store_ready(w->store));
    if (readiness_all(w->readiness))
        health_handle(ex, app);
    else
        http_refuse_status(ex, ST_UNAVAILABLE);
}
