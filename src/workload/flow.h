/* SPDX-License-Identifier: Apache-2.0 */
/* flow - bytes as they arrive at a receiver, in slices of a tenth of a second. */
#ifndef WORKLOAD_FLOW_H
#define WORKLOAD_FLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define FLOW_SLICES 20000       /* at most; longer runs get longer slices */

struct flow {
	uint64_t *bytes;        /* NULL = this direction is not measured */
	uint32_t cap;           /* slices wanted */
	uint32_t n;             /* slices that are over */
	uint64_t slice_ns, warmup_ns;
	uint64_t slice_end;     /* of the running slice; 0 = no byte has come yet */
	bool warm;              /* the warm-up is over */
};

int flow_init(struct flow *f, double duration_s, double warmup_s, struct err *err);
void flow_free(struct flow *f);
void flow_clear(struct flow *f);                /* as new */
double flow_bps(const struct flow *f);          /* over the slices that are over; 0 without one */

/*
 * So many bytes arrived at now.  The time of the first byte begins the warm-up;
 * after that a slice that nothing reached counts as 0.  False: all slices are over.
 */
bool flow_add(struct flow *f, uint64_t now, uint64_t bytes);

/* What a receiver tells the sender at the end: count and slices, big-endian. */
size_t flow_packed_size(const struct flow *f);
void flow_pack(const struct flow *f, void *ret);
bool flow_unpack_count(struct flow *f, const void *head); /* the first 8 bytes; false = more slices than wanted */
void flow_unpack(struct flow *f, void *slices);           /* the next 8 * n bytes, read into f->bytes itself or elsewhere */

#endif
