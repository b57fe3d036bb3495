#include "check.h"

#include <string.h>

#include "base64url.h"
#include "json.h"
#include "original.h"
#include "policy.h"
#include "request.h"

#define PATH "/check"

enum { NUMBER_MAX = 24, VERDICT_HEADERS_MAX = 6 };

/* --- what is known of the app --- */

struct verdict_headers {
    size_t count;
    struct http_header_field list[VERDICT_HEADERS_MAX];
    char jkt[BASE64URL_LEN(SHA256_LEN) + 1], coverage[NUMBER_MAX], streak[NUMBER_MAX];
};

static void add(struct verdict_headers *h, const char *name, struct slice value)
{
    h->list[h->count++] = (struct http_header_field){ name, value };
}

/* A label is whatever the operator has called a build. */
static bool is_visible(struct slice s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.data[i] < ' ' || s.data[i] > '~')
            return false;
    return s.len > 0;
}

static struct slice number(char *out, double value, unsigned decimals)
{
    struct writer w = writer_over(out, NUMBER_MAX);
    struct json_writer j = json_writer_over(&w);

    json_number(&j, NULL, value, decimals);
    return writer_slice(&w);
}

static void describe(const struct gate_pass *pass, struct verdict_headers *h)
{
    h->count = 0;
    base64url_encode(h->jkt, (struct slice){ pass->jkt.bytes, sizeof pass->jkt.bytes });
    add(h, "Vouchsafe-Client-Id", pass->client_id);
    add(h, "Vouchsafe-Jkt", slice_of(h->jkt));
    add(h, "Vouchsafe-Coverage", number(h->coverage, pass->coverage, COVERAGE_DECIMALS));
    add(h, "Vouchsafe-Streak", number(h->streak, (double)pass->streak, 0));
    add(h, "Vouchsafe-Status", SLICE_LIT("affirming")); /* the gate lets no other pass */
    if (is_visible(slice_of(pass->version)))
        add(h, "Vouchsafe-Version", slice_of(pass->version));
}

static void admit(struct request *r)
{
    struct verdict_headers h;

    describe(&r->pass, &h);
    request_accepted(r);
    http_reply(r->ex, 204, NULL, h.list, h.count, (struct slice){ NULL, 0 });
}

/* --- what is asked --- */

/* "NAME" of the query, or of "/check/NAME/rest", whose rest is what Envoy was asked for. */
static bool read_name(struct request *r, struct slice *name, struct slice *rest)
{
    const struct http1_head *head = http_request_head(r->ex);
    struct slice path = head->path;

    path.data += strlen(PATH);
    path.len -= strlen(PATH);
    *rest = (struct slice){ NULL, 0 };
    if (path.len == 0) {
        if (!request_read_form(r, head->query))
            return false;
        *name = policy_value(&r->form, "policy");
        return true;
    }
    *rest = (struct slice){ path.data + 1, path.len - 1 };
    *name = slice_cut(rest, '/');
    if (rest->data)
        *rest = (struct slice){ rest->data - 1, rest->len + 1 };
    return true;
}

/* What anybody could say about the original request counts for nothing. */
static void read_original(struct request *r, const struct check_policy *policy, struct slice rest)
{
    if (!http_peer_trusted(r->ex) ||
        original_read(policy->original, http_request_head(r->ex), rest, &r->original))
        r->original = (struct original){ { NULL, 0 }, { NULL, 0 } };
}

static void check(struct request *r, const struct check_policy *policy, struct slice rest)
{
    r->policy = policy->name;
    read_original(r, policy, rest);
    const struct gate_input in = { .settings = request_settings(r),
                                   .head = http_request_head(r->ex),
                                   .audience = slice_of(policy->resource),
                                   .method = r->original.method,
                                   .base = policy->origin,
                                   .path = r->original.path,
                                   .now = clock_wall(r->worker->clock),
                                   .check = policy };
    request_settle(r, gate_check(&in, &r->pass), admit);
}

void check_handle(struct http_exchange *ex, void *app)
{
    struct request *r = request_open(ex, app, "check");
    struct slice name, rest;

    if (!r)
        return;
    r->refusals = REFUSALS_OF_CHECK;
    if (!read_name(r, &name, &rest))
        return;
    const struct check_policy *policy = settings_check(request_settings(r), name);
    if (policy)
        check(r, policy, rest);
    else
        request_refuse(r, (struct verdict){ REFUSE_ACCESS, "no such policy" });
}
