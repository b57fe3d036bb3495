/* challenge: POST /challenge: a challenge to prove possession with (attestation
 * draft §6.1). It takes no authentication, and its body is not looked at. */
#pragma once
#include "request.h"

void challenge_handle(struct request *r);
