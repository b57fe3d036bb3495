/* process_metrics: what the system knows of this process, under the names that Prometheus'
 * own clients use. */
#pragma once
#include "bytes.h"

/* What cannot be found out is left out. */
void process_metrics_write(int64_t started_at, struct writer *w);
