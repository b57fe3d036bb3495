/* token: POST /token: every grant, forwarded once it has passed the gate. */
#pragma once
#include "request.h"

void token_handle(struct request *r);
