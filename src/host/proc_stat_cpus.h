/* SPDX-License-Identifier: Apache-2.0 */
/* proc_stat_cpus - the parsers of steal.c, open to tests and fuzzers. */
#ifndef HOST_PROC_STAT_CPUS_H
#define HOST_PROC_STAT_CPUS_H

#include <stdint.h>

#include "host/steal.h"

void proc_stat_cpus(const char *text, struct steal_sample *s);          /* /proc/stat; fills steal_ns, irq_ns, n_cpus */
uint64_t cpu_stat_value(const char *text, const char *key);             /* "nr_throttled 12"; 0 when absent */

#endif
