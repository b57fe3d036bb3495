/* The mediator: stands before an OAuth2 server and lets attested apps through. */
#include "check.h"
#include "device_side.h"
#include "front.h"
#include "health.h"
#include "mediator.h"
#include "mediator_metrics.h"
#include "settings.h"

static const struct http_route routes[] = {
    { "*", "/check", check_handle },      { "*", "/check/*", check_handle },
    { "GET", "/healthz", health_handle }, { "GET", "/readyz", ready_handle },
    { "*", "/*", front_handle }, /* all that OAuth clients ask for */
};

int main(int argc, char **argv)
{
    const struct daemon_spec spec = {
        .name = "mediator",
        .summary = "lets attested apps through to an OAuth2 server, and adds the client secret",
        .default_config = "/etc/vouchsafe/mediator.conf",
        .routes = routes,
        .route_count = sizeof routes / sizeof *routes,
        .endpoint_path = front_path,
        .endpoint_count = FRONT_COUNT,
        .metrics = MEDIATOR_METRICS,
        .metric_count = MEDIATOR_METRIC_COUNT,
        .opts = settings_opts,
        .model_load = settings_load,
        .model_free = settings_free,
        .worker_start = mediator_start,
        .worker_reload = mediator_reload,
        .worker_stop = mediator_stop,
        .side_wanted = device_side_wanted,
        .side_start = device_side_start,
        .side_reload = device_side_reload,
        .side_stop = device_side_stop,
        .side_free = device_side_free,
    };

    return daemon_main(&spec, argc, argv);
}
