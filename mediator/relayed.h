/* relayed: endpoints of upstream that need nothing here but the gate. */
#pragma once
#include "request.h"

void device_authorization_handle(struct request *r); /* RFC 8628 §3.1 */
void revoke_handle(struct request *r);               /* RFC 7009 §2.1 */
void introspect_handle(struct request *r);           /* RFC 7662 §2.1, for attested clients */
