#include "http_json.h"

#include "json_tree.h"

static void *from_exchange(void *arg, size_t size)
{
    return http_exchange_bytes(arg, size);
}

enum status http_request_json(struct http_exchange *ex, cJSON **out)
{
    return json_tree_read(http_request_body(ex), &JSON_MESSAGE_LIMITS, from_exchange, ex, out);
}
