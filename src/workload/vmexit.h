/* SPDX-License-Identifier: Apache-2.0 */
/* vmexit - what the workload of that name found: a histogram for each way out of a guest. */
#ifndef WORKLOAD_VMEXIT_H
#define WORKLOAD_VMEXIT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "kvm/exits.h"
#include "stat/histogram.h"
#include "workload/out.h"

struct vmexit_price {
	struct histogram inside, outside;       /* whole samples in ns: price_row.divide is applied when they are told */
	struct err why;                         /* code < 0: refused */
};

struct vmexit_detail {
	bool usable;
	struct err why;                         /* not usable: because */
	uint32_t tsc_khz, rounds;
	struct vmexit_price prices[PRICE_KINDS];
};

/* ,"exits":{...} of the record, docs/results.md. */
void vmexit_put(struct out *o, const struct vmexit_detail *d);

#endif
