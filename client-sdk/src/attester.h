/* attester: answers probes about this process. A new kind of probe is one file
 * and one row. */
#pragma once
#include "self_image.h"

/* Feeds the data that the probe asks for. ST_NOT_FOUND for a block that is not
 * there, ST_IO. */
typedef enum status attester_fn(const struct probe *probe, const struct self_module *module,
                                struct crypto_hmac *digest);

attester_fn attester_memory; /* blocks of the read-only segments, as mapped */
attester_fn attester_file;   /* blocks of the module's file */

/* The digest that answers a probe; ST_NOT_FOUND if it asks for a module or block
 * that this process does not have. */
enum status attester_answer(const struct probe *probe,
                            const uint8_t challenge[static CHALLENGE_LEN], const struct digest *jkt,
                            struct digest *out) MUST_USE;
