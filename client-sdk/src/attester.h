/* attester: answers probes about this process. A new kind of probe is one file
 * and one row. */
#pragma once
#include "msg_attestation.h"
#include "self_image.h"

/* Feeds the data that the probe asks for. ST_NOT_FOUND for a block that is not
 * there, ST_IO. */
typedef enum status attester_fn(const struct probe *probe, const struct self_module *module,
                                struct crypto_hmac *digest);

attester_fn attester_memory; /* blocks of the read-only segments, as mapped */
attester_fn attester_file;   /* blocks of the module's file */

/* Appends the report that the probe asks for (report.h). ST_NOT_FOUND for what is not there, ST_IO
 * if the system does not tell. */
typedef enum status attester_report_fn(const struct probe *probe, struct writer *report);

attester_report_fn attester_maps;     /* what code is mapped */
attester_report_fn attester_imports;  /* where import slots lead to */
attester_report_fn attester_debugger; /* who traces */
attester_report_fn attester_preload;  /* what the loader was told at the start */

/* The evidence that answers a probe; its report lies in what `reports` writes to. ST_NOT_FOUND if
 * it asks for a module, block or slot that this process does not have; ST_TOO_LARGE if the report
 * does not fit. */
enum status attester_answer(const struct probe *probe,
                            const uint8_t challenge[static CHALLENGE_LEN], const struct digest *jkt,
                            struct writer *reports, struct evidence *out) MUST_USE;
