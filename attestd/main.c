#include "attestd_metrics.h"
#include "daemon.h"
#include "health.h"
#include "model.h"
#include "route_attestations.h"
#include "route_challenges.h"
#include "route_keys.h"

static const struct http_route routes[] = {
    { "POST", "/v1/challenges", route_challenges },
    { "POST", "/v1/attestations", route_attestations },
    { "GET", "/.well-known/jwks.json", route_keys },
    { "GET", "/healthz", health_handle },
    { "GET", "/readyz", ready_handle },
};

static const char *const written[] = { "record|file", NULL };

int main(int argc, char **argv)
{
    const struct daemon_spec spec = {
        .name = "attestd",
        .summary = "issues challenges to apps, appraises their answers, vouches for them",
        .default_config = "/etc/vouchsafe/attestd.conf",
        .routes = routes,
        .route_count = sizeof routes / sizeof routes[0],
        .metrics = ATTESTD_METRICS,
        .metric_count = ATTESTD_METRIC_COUNT,
        .opts = attestd_opts,
        .written = written,
        .model_load = attestd_model_load,
        .model_free = attestd_model_free,
        .model_renew = attestd_model_renew,
    };

    return daemon_main(&spec, argc, argv);
}
