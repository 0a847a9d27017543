/* SPDX-License-Identifier: Apache-2.0 */
/*
 * recorder - every sample in a histogram, one per slice of time and one for the whole.
 *
 * The hot path adds to the running slice only.  Once a slice (a second, longer
 * in runs of many minutes) it is merged into the whole and packed, non-empty
 * buckets only, into an arena that was sized and touched before the run: no
 * system call, no page fault.  Packing takes some microseconds; recorder_add()
 * says when it happened, so that the caller can leave them out of the next sample.
 */
#ifndef WORKLOAD_RECORDER_H
#define WORKLOAD_RECORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "stat/histogram.h"

#define RECORDER_SLICES 800             /* at most: 10 MB when every bucket of every slice is used */

struct recorder {
	struct histogram whole, slice;
	uint64_t slice_ns, slice_end;   /* slice_end = UINT64_MAX in the last slice, which takes all that is left */
	uint32_t n_slices, max_slices;  /* packed so far, wanted */
	unsigned char *arena;
	size_t used, cap;
};

int recorder_init(struct recorder *r, double duration_s, struct err *err);
void recorder_free(struct recorder *r);

/* Forget everything so far (the warm-up): slices count from now. */
void recorder_begin(struct recorder *r, uint64_t now);
/* Pack the slices that ended before now, empty ones too. */
void recorder_rotate(struct recorder *r, uint64_t now);
/* Pack what is left: exactly the wanted number of slices exist afterwards. */
void recorder_end(struct recorder *r);

/* A sample that ended at now.  True: a slice was packed. */
static inline bool recorder_add(struct recorder *r, uint64_t now, uint64_t ns)
{
	bool turned = false;

	if (__builtin_expect(now >= r->slice_end, 0)) {
		recorder_rotate(r, now);
		turned = true;
	}
	histogram_add(&r->slice, ns);
	return turned;
}

/* Slice after slice, oldest first: *at = 0 to begin; false after the last. */
bool recorder_next(const struct recorder *r, size_t *at, struct histogram *ret);

#endif
