/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ticks - the clock that stamps transactions, in nanoseconds near CLOCK_MONOTONIC.
 *
 * The TSC where it can be trusted: CPUID says invariant, the kernel itself
 * keeps time by it (so it found the CPUs in step), and two calibrations
 * against CLOCK_MONOTONIC_RAW agree.  Otherwise clock_gettime.
 *
 * rdtsc without a fence: between any two stamps lies a system call, and no
 * instruction after the return to user mode begins before it.
 *
 * A test may put a clock of its own in `fake`.
 */
#ifndef WORKLOAD_TICKS_H
#define WORKLOAD_TICKS_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#if defined(__x86_64__)
#include <x86intrin.h>
#define TICKS_HAVE_TSC 1
#else
#define TICKS_HAVE_TSC 0
#endif

/* The counter and both kernel clocks at one instant, as near as can be. */
struct ticks_pair {
	uint64_t tsc, raw_ns, mono_ns;
};

struct ticks_fake {
	uint64_t (*now)(void *ctx);
	void (*sleep_until)(void *ctx, uint64_t ns);
	void *ctx;
};

struct ticks {
	bool tsc;
	uint64_t mult;                  /* nanoseconds per tick, 32 fraction bits */
	struct ticks_pair begin;        /* where the count begins: mono_ns at tsc */
	struct ticks_pair first;        /* the earliest calibration point */
	const struct ticks_fake *fake;
	double cost_ns;                 /* of one stamp, measured */
	char why[200];
};

/* Decide and calibrate: about 20 ms.  clocksource: the kernel's current one, "" when unknown. */
void ticks_init(struct ticks *t, const char *clocksource);
/* The same, but clock_gettime whatever the machine has, for this reason. */
void ticks_init_gettime(struct ticks *t, const char *why);
/* Calibrate again over the longer time since ticks_init(), and begin counting at now. */
void ticks_refine(struct ticks *t);
/* Parts per million by which the stamps ran from CLOCK_MONOTONIC_RAW since the last refinement; 0 without TSC. */
double ticks_drift_ppm(const struct ticks *t);
const char *ticks_source(const struct ticks *t);        /* "tsc" or "clock_gettime" */

static inline uint64_t ticks_gettime(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (uint64_t) ts.tv_sec * 1000000000u + (uint64_t) ts.tv_nsec;
}

static inline uint64_t ticks_now(const struct ticks *t)
{
#if TICKS_HAVE_TSC
	if (t->tsc) {
		uint64_t passed = __rdtsc() - t->begin.tsc;

		return t->begin.mono_ns + (uint64_t) ((unsigned __int128) passed * t->mult >> 32);
	}
#endif
	if (t->fake)
		return t->fake->now(t->fake->ctx);
	return ticks_gettime(CLOCK_MONOTONIC);
}

/* Sleep until the clock shows ns.  0, or -EINTR when a signal came. */
int ticks_sleep_until(const struct ticks *t, uint64_t ns);

#endif
