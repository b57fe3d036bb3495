/* par: POST /par (RFC 9126): upstream's, or our own where upstream has none. */
#pragma once
#include "request.h"

void par_handle(struct request *r);
