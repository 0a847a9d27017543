/* SPDX-License-Identifier: Apache-2.0 */
/* table - the rows, each defined in the file of its name. */
#ifndef WORKLOAD_TABLE_H
#define WORKLOAD_TABLE_H

#include "workload/workload.h"

extern const struct workload workload_tcp_rr;
extern const struct workload workload_tcp_crr;
extern const struct workload workload_udp_rr;
extern const struct workload workload_tcp_stream;
extern const struct workload workload_wakeup;
extern const struct workload workload_memory;
extern const struct workload workload_vmexit;

#endif
