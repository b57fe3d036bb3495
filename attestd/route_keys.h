/* route_keys: GET /.well-known/jwks.json: the public keys that attestd's tokens verify under. */
#pragma once
#include "http_server.h"

void route_keys(struct http_exchange *ex, void *app);
