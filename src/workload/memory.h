/* SPDX-License-Identifier: Apache-2.0 */
/* memory - what the workload of that name found besides its samples: load latency by size of the set and of the pages. */
#ifndef WORKLOAD_MEMORY_H
#define WORKLOAD_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "workload/out.h"
#include "workload/pages.h"

#define MEMORY_LEAST_BITS 14            /* 16 KiB: within every L1 */
#define MEMORY_MOST_BITS  36            /* 64 GiB */
#define MEMORY_RUNGS      (MEMORY_MOST_BITS - MEMORY_LEAST_BITS + 1)
#define MEMORY_CACHES     8

struct rung {
	double min_ns, p50_ns, p99_ns;  /* of a load, over batches */
	uint32_t batches;               /* 0 = not measured */
};

struct memory_kind {
	const char *from;               /* as in struct mapping; NULL = not to be had */
	uint64_t page_kb, huge_kb;      /* as smaps said */
	struct err why;
	struct rung rungs[MEMORY_RUNGS];        /* of 2^(LEAST + i) bytes */
};

struct memory_detail {
	uint64_t set_bytes;             /* of the samples, and of the last rung */
	enum pages pages;               /* of the samples */
	struct memory_kind kinds[PAGE_KINDS];
	struct { unsigned level; uint64_t bytes; } caches[MEMORY_CACHES];
	unsigned n_caches;
};

/* The power of two that reaches beyond the last cache without taking more than a quarter of the free memory. */
uint64_t memory_auto_set(uint64_t cache_bytes, uint64_t available_bytes);
/* min, median and 99th percentile of n batch times, which are sorted by this. */
struct rung rung_of(uint64_t *batch_ns, uint32_t n, unsigned loads);
/* ,"memory":{...} of the record, docs/results.md. */
void memory_put(struct out *o, const struct memory_detail *d);

#endif
