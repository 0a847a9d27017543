/* SPDX-License-Identifier: Apache-2.0 */
#include "workload/recorder.h"

#include <errno.h>
#include <math.h>
#include <string.h>
#include <sys/mman.h>

#include "base/clock.h"

/* A packed slice: this head, then `pairs` of bucket index and count. */
struct head {
	uint64_t count, min, max, above;
	u128 sum, sumsq;
	uint32_t pairs;
};

struct pair {
	uint16_t index;
	uint32_t count;                 /* job_check() keeps a run below 2^32 samples */
} __attribute__((packed));

#define PACKED_MAX (sizeof(struct head) + HISTOGRAM_BUCKETS * sizeof(struct pair))

/* Whole seconds, as few as make the run fit into RECORDER_SLICES. */
static uint64_t slice_seconds(double duration_s)
{
	double s = ceil(duration_s / RECORDER_SLICES - 1e-9);

	return s < 1 ? 1 : (uint64_t) s;
}

int recorder_init(struct recorder *r, double duration_s, struct err *err)
{
	uint64_t s = slice_seconds(duration_s);
	double n = ceil(duration_s / (double) s - 1e-9);
	void *arena;

	*r = (struct recorder){ .slice_ns = s * NS_PER_S, .max_slices = n < 1 ? 1 : (uint32_t) n };
	r->cap = r->max_slices * PACKED_MAX;
	arena = mmap(NULL, r->cap, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (arena == MAP_FAILED)
		return err_sys(err, -errno, "no memory for %u histograms", r->max_slices);
	r->arena = arena;
	histogram_clear(&r->whole);
	histogram_clear(&r->slice);
	r->slice_end = UINT64_MAX;
	return 0;
}

void recorder_free(struct recorder *r)
{
	if (r->arena)
		munmap(r->arena, r->cap);
	r->arena = NULL;
}

static void slice_end_set(struct recorder *r, uint64_t begins)
{
	r->slice_end = r->n_slices + 1 < r->max_slices ? begins + r->slice_ns : UINT64_MAX;
}

void recorder_begin(struct recorder *r, uint64_t now)
{
	histogram_clear(&r->whole);
	histogram_clear(&r->slice);
	r->n_slices = 0;
	r->used = 0;
	slice_end_set(r, now);
}

static size_t pairs_put(const struct histogram *h, unsigned char *at)
{
	size_t n = 0;

	for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
		struct pair p = { .index = (uint16_t) i, .count = (uint32_t) h->bucket[i] };

		if (h->bucket[i])
			memcpy(at + n++ * sizeof(p), &p, sizeof(p));
	}
	return n;
}

static void slice_pack(struct recorder *r)
{
	const struct histogram *h = &r->slice;
	struct head head = {
		.count = h->count, .min = h->min, .max = h->max, .above = h->above, .sum = h->sum, .sumsq = h->sumsq,
	};
	unsigned char *at = r->arena + r->used;

	if (h->count)
		head.pairs = (uint32_t) pairs_put(h, at + sizeof(head));
	memcpy(at, &head, sizeof(head));
	r->used += sizeof(head) + head.pairs * sizeof(struct pair);
	r->n_slices++;
	if (h->count) {
		histogram_merge(&r->whole, h);
		histogram_clear(&r->slice);
	}
}

void recorder_rotate(struct recorder *r, uint64_t now)
{
	while (now >= r->slice_end) {
		uint64_t ended = r->slice_end;

		slice_pack(r);
		slice_end_set(r, ended);
	}
}

void recorder_end(struct recorder *r)
{
	while (r->n_slices < r->max_slices)
		slice_pack(r);
	r->slice_end = UINT64_MAX;
}

bool recorder_next(const struct recorder *r, size_t *at, struct histogram *ret)
{
	struct head head;

	if (*at >= r->used)
		return false;
	memcpy(&head, r->arena + *at, sizeof(head));
	*at += sizeof(head);
	histogram_clear(ret);
	for (uint32_t i = 0; i < head.pairs; i++) {
		struct pair p;

		memcpy(&p, r->arena + *at, sizeof(p));
		*at += sizeof(p);
		ret->bucket[p.index] = p.count;
	}
	ret->count = head.count;
	ret->min = head.min;
	ret->max = head.max;
	ret->above = head.above;
	ret->sum = head.sum;
	ret->sumsq = head.sumsq;
	return true;
}
