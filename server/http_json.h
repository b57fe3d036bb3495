/* http_json: a request's body as JSON. */
#pragma once
#include "http_server.h"
#include "json.h"

/* As json_parse_object with JSON_MESSAGE_LIMITS, but the object lives as long as the exchange. */
enum status http_request_json(struct http_exchange *ex, cJSON **out) MUST_USE;
