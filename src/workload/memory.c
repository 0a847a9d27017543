/* SPDX-License-Identifier: Apache-2.0 */
/*
 * memory - how long a load takes that waits for the one before it, by the size
 * of the set it goes round in and by the size of the pages.
 *
 * Hops are timed in batches of LOADS: one stamp costs as much as several loads
 * from the nearest cache.  A sample is a batch's time divided by LOADS.  The
 * samples of the record are of one set; before them comes the ladder, every
 * power of two from 16 KiB up to that set, with every size of pages that can be
 * had here.  4 KB against 2 MB on the same rung is what the page walk costs:
 * order, lines and batches are the same.
 *
 * The chain goes through registers only, so nothing but the loads is between
 * two stamps; the fence keeps a stamp from being taken while loads are still
 * under way, which without a system call in between nothing else does.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "base/vec.h"
#include "workload/chase.h"
#include "workload/memory.h"
#include "workload/procfile.h"
#include "workload/run.h"
#include "workload/table.h"

#define LOADS         1024u
#define BATCHES_MOST  256u              /* of a rung */
#define BATCHES_LEAST 8u
#define RUNG_NS       (20 * NS_PER_MS)
#define LADDER_NS     (20 * NS_PER_S)   /* a rung that would begin later is left out */
#define LAY_LINES     (1u << 16)        /* between two looks whether somebody wants an end */
#define LINE_BITS     6

_Static_assert(CHASE_LINE == 1 << LINE_BITS, "a line is 64 bytes");

struct chain {
	struct mapping mapping;
	unsigned bits;                  /* log2 of the lines in use */
	void *at;
};

static inline void fence(void)
{
#if TICKS_HAVE_TSC
	_mm_lfence();
#else
	__asm__ volatile("" ::: "memory");
#endif
}

static inline uint64_t stamp(const struct run *run)
{
	uint64_t now;

	fence();
	now = run_now(run);
	fence();
	return now;
}

/* One batch; the end of it. */
static inline uint64_t batch(const struct run *run, struct chain *c)
{
	c->at = chase_hops(c->at, LOADS);
	/* Whoever reads the clock has the last load's value. */
	__asm__ volatile("" : "+r"(c->at) : : "memory");
	return stamp(run);
}

static int chain_lay(struct run *run, struct chain *c, unsigned set_bits, struct err *err)
{
	uint64_t lines;

	c->bits = set_bits - LINE_BITS;
	c->at = c->mapping.at;
	lines = 1ull << c->bits;
	for (uint64_t k = 0; k < lines; k += LAY_LINES) {
		if (run_ending(run))
			return run_interrupted(run, err);
		chase_lay(c->mapping.at, c->bits, k, k + LAY_LINES < lines ? k + LAY_LINES : lines);
		run_beat(run);
	}
	return 0;
}

/* ---- the ladder ---- */

static int by_size(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

struct rung rung_of(uint64_t *batch_ns, uint32_t n, unsigned loads)
{
	struct rung r = { .batches = n };

	if (!n)
		return r;
	qsort(batch_ns, n, sizeof(*batch_ns), by_size);
	r.min_ns = (double) batch_ns[0] / loads;
	r.p50_ns = (double) batch_ns[(n - 1) / 2] / loads;
	r.p99_ns = (double) batch_ns[(uint32_t) ((n * 99ull + 99) / 100) - 1] / loads;
	return r;
}

static struct rung climb(struct run *run, struct chain *c)
{
	uint64_t took[BATCHES_MOST], begin = batch(run, c), last = begin;
	uint32_t n = 0;

	while (n < BATCHES_MOST && !run_ending(run) && (n < BATCHES_LEAST || last - begin < RUNG_NS)) {
		uint64_t now = batch(run, c);

		took[n++] = now - last;
		last = now;
	}
	return rung_of(took, n, LOADS);
}

static int ladder(struct run *run, struct chain *c, struct memory_kind *kind, unsigned set_bits, uint64_t until, struct err *err)
{
	for (unsigned bits = MEMORY_LEAST_BITS; bits <= set_bits && run_now(run) < until; bits++) {
		int r = chain_lay(run, c, bits, err);

		if (r < 0)
			return r;
		kind->rungs[bits - MEMORY_LEAST_BITS] = climb(run, c);
	}
	return 0;
}

static int kind_open(struct chain *c, struct memory_kind *kind, enum pages p, uint64_t set, struct err *err)
{
	int r = mapping_make(&c->mapping, p, set, err);

	if (r < 0)
		return r;
	kind->from = c->mapping.from;
	kind->page_kb = c->mapping.page_kb;
	kind->huge_kb = c->mapping.huge_kb;
	return 0;
}

/* Every other size of pages; one that cannot be had is told in the record, and no failure. */
static int ladders_of_others(struct run *run, struct memory_detail *d, unsigned set_bits, uint64_t until, struct err *err)
{
	for (int p = 0; p < PAGE_KINDS; p++) {
		struct memory_kind *kind = &d->kinds[p];
		struct chain c = { .bits = 0 };
		int r;

		if (p == (int) d->pages || kind_open(&c, kind, (enum pages) p, d->set_bytes, &kind->why) < 0)
			continue;
		r = ladder(run, &c, kind, set_bits, until, err);
		mapping_free(&c.mapping);
		if (r < 0)
			return r;
	}
	return 0;
}

/* ---- the set ---- */

uint64_t memory_auto_set(uint64_t cache_bytes, uint64_t available_bytes)
{
	uint64_t most = available_bytes / 4, set = 64ull << 20;

	while (set < 2 * cache_bytes && set < 1ull << 30)
		set *= 2;
	while (set > most && set > 1ull << 20)
		set /= 2;
	return set;
}

static uint64_t read_caches(struct memory_detail *d)
{
	uint64_t last = 0, level, bytes;
	char dir[80], size[32];

	for (unsigned i = 0; i < MEMORY_CACHES; i++) {
		text_print(dir, sizeof(dir), "/sys/devices/system/cpu/cpu0/cache/index%u/type", i);
		if (procfile_read(dir, size, sizeof(size)) <= 0 || size[0] == 'I')      /* Instruction */
			continue;
		text_print(dir, sizeof(dir), "/sys/devices/system/cpu/cpu0/cache/index%u/size", i);
		if (procfile_read(dir, size, sizeof(size)) <= 0 || text_size(text_trim(size), &bytes) < 0)
			continue;
		text_print(dir, sizeof(dir), "/sys/devices/system/cpu/cpu0/cache/index%u", i);
		if (procfile_u64(dir, "level", &level) < 0)
			continue;
		d->caches[d->n_caches].level = (unsigned) level;
		d->caches[d->n_caches++].bytes = bytes;
		last = bytes > last ? bytes : last;
	}
	return last;
}

static uint64_t available_bytes(void)
{
	uint64_t kb;
	char text[8192];

	if (procfile_read("/proc/meminfo", text, sizeof(text)) < 0 || procfile_field(text, "MemAvailable", 10, &kb) < 0)
		return 256ull << 20;
	return kb << 10;
}

/* ---- the samples ---- */

static int sample(struct run *run, struct chain *c, uint64_t until, struct err *err)
{
	uint64_t last = stamp(run);

	while (last < until) {
		uint64_t now = batch(run, c);

		if (recorder_add(&run->response, now, (now - last + LOADS / 2) / LOADS))
			now = stamp(run);
		run->transactions++;
		run->end_ns = last = now;
		run_beat(run);
		if (run_ending(run))
			return run_interrupted(run, err);
	}
	return 0;
}

static int samples(struct run *run, struct chain *c, struct err *err)
{
	const struct job *job = run->job;
	uint64_t begin = run_now(run) + (uint64_t) (job->warmup_s * 1e9);
	int r = sample(run, c, begin, err);

	begin = run_now(run);
	recorder_begin(&run->response, begin);
	run->transactions = 0;
	run->begin_ns = run->end_ns = begin;
	if (r == 0)
		r = sample(run, c, begin + (uint64_t) (job->duration_s * 1e9), err);
	recorder_end(&run->response);
	return r;
}

static int measure(struct run *run, struct memory_detail *d, struct err *err)
{
	uint64_t until = run_now(run) + LADDER_NS;
	unsigned set_bits = 63u - (unsigned) __builtin_clzll(d->set_bytes);
	struct chain c = { .bits = 0 };
	int r = kind_open(&c, &d->kinds[d->pages], d->pages, d->set_bytes, err);

	if (r < 0)
		return r;
	if (run->job->ladder)
		r = ladder(run, &c, &d->kinds[d->pages], set_bits, until, err);
	if (r == 0)
		r = chain_lay(run, &c, set_bits, err);
	if (r == 0)
		r = samples(run, &c, err);
	mapping_free(&c.mapping);
	if (r == 0 && run->job->ladder)
		r = ladders_of_others(run, d, set_bits, until, err);
	return r;
}

static int memory_alone(struct run *run, struct err *err)
{
	struct memory_detail *d = xalloc(1, sizeof(*d));
	uint64_t last_cache = read_caches(d);

	run->detail = d;
	d->pages = run->job->pages;
	d->set_bytes = run->job->set_kb ? (uint64_t) run->job->set_kb << 10 : memory_auto_set(last_cache, available_bytes());
	run->begin_ns = run->end_ns = run_now(run);
	return run_outcome(run, measure(run, d, err));
}

/* ---- the record ---- */

static void put_kind(struct out *o, const struct memory_detail *d, enum pages p)
{
	const struct memory_kind *k = &d->kinds[p];

	out_printf(o, "%s{\"pages\":\"%s\",\"from\":", p ? "," : "", pages_name(p));
	if (!k->from) {
		out_printf(o, "null,\"why\":");
		out_quoted(o, k->why.code ? k->why.text : "not asked for");
		out_printf(o, "}");
		return;
	}
	out_printf(o, "\"%s\",\"page_kb\":%llu,\"huge_kb\":%llu}", k->from, (unsigned long long) k->page_kb,
		   (unsigned long long) k->huge_kb);
}

static void put_number(struct out *o, bool there, double x)
{
	if (there)
		out_printf(o, "%.3f", x);
	else
		out_printf(o, "null");
}

/* One statistic of a rung for each size of pages. */
static void put_statistic(struct out *o, const struct memory_detail *d, unsigned rung, const char *name, size_t offset)
{
	out_printf(o, ",\"%s\":{", name);
	for (int p = 0; p < PAGE_KINDS; p++) {
		const struct rung *r = &d->kinds[p].rungs[rung];
		double x;

		memcpy(&x, (const char *) r + offset, sizeof(x));
		out_printf(o, "%s\"%s\":", p ? "," : "", pages_name((enum pages) p));
		put_number(o, r->batches > 0, x);
	}
	out_printf(o, "}");
}

static void put_rung(struct out *o, const struct memory_detail *d, unsigned i)
{
	const struct rung *small = &d->kinds[PAGE_4K].rungs[i], *large = &d->kinds[PAGE_2M].rungs[i];

	out_printf(o, "%s{\"bytes\":%llu", i ? "," : "", 1ull << (MEMORY_LEAST_BITS + i));
	put_statistic(o, d, i, "min_ns", offsetof(struct rung, min_ns));
	put_statistic(o, d, i, "p50_ns", offsetof(struct rung, p50_ns));
	put_statistic(o, d, i, "p99_ns", offsetof(struct rung, p99_ns));
	out_printf(o, ",\"page_walk_ns\":");
	put_number(o, small->batches && large->batches, small->p50_ns - large->p50_ns);
	out_printf(o, "}");
}

static bool any_rung(const struct memory_detail *d, unsigned i)
{
	for (int p = 0; p < PAGE_KINDS; p++)
		if (d->kinds[p].rungs[i].batches)
			return true;
	return false;
}

void memory_put(struct out *o, const struct memory_detail *d)
{
	out_printf(o, ",\"memory\":{\"set_bytes\":%llu,\"pages\":\"%s\",\"line_bytes\":%d,\"loads_per_sample\":%u,\"mappings\":[",
		   (unsigned long long) d->set_bytes, pages_name(d->pages), CHASE_LINE, LOADS);
	for (int p = 0; p < PAGE_KINDS; p++)
		put_kind(o, d, (enum pages) p);
	out_printf(o, "],\"caches\":[");
	for (unsigned i = 0; i < d->n_caches; i++)
		out_printf(o, "%s{\"level\":%u,\"bytes\":%llu}", i ? "," : "", d->caches[i].level,
			   (unsigned long long) d->caches[i].bytes);
	out_printf(o, "],\"sizes\":[");
	for (unsigned i = 0; i < MEMORY_RUNGS && any_rung(d, i); i++)
		put_rung(o, d, i);
	out_printf(o, "]}");
}

static void put_detail(struct out *o, const void *detail)
{
	memory_put(o, detail);
}

const struct workload workload_memory = {
	.name = "memory",
	.brief = "how long a load takes that waits for the one before it, by size of the set and of the pages",
	.measure = MEASURE_TIME,
	.memory = true,
	.extra_s = 60,
	.client = memory_alone,
	.put = put_detail,
};
