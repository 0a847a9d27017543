/* SPDX-License-Identifier: Apache-2.0 */
#include "workload/ticks.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#if TICKS_HAVE_TSC
#include <cpuid.h>
#endif

#include "base/clock.h"
#include "base/text.h"

#define CALIBRATE_NS  (10 * NS_PER_MS)
#define AGREE_PPM     200.0     /* a pair is good to about 50 ns: 5 ppm of 10 ms; more than this is no noise */
#define COST_ROUNDS   5
#define COST_CALLS    500

#if TICKS_HAVE_TSC
/* For calibration, where nothing but the fence keeps the readings in order. */
static uint64_t counter_read(void)
{
	_mm_lfence();
	return __rdtsc();
}

/* NULL = usable, else what is missing. */
static const char *cpu_lacks(void)
{
	unsigned a, b, c, d;

	if (!__get_cpuid(0x80000007, &a, &b, &c, &d) || !(d & 1u << 8))
		return "the CPU does not call its TSC invariant";
	return NULL;
}
#else
static uint64_t counter_read(void)
{
	return 0;
}

static const char *cpu_lacks(void)
{
	return "this architecture has no TSC";
}
#endif

/* The tightest of several tries: an interrupt in between makes a try wide. */
static struct ticks_pair pair_read(void)
{
	struct ticks_pair best = { 0 };
	uint64_t width = UINT64_MAX;

	for (int i = 0; i < 16; i++) {
		uint64_t before = counter_read(), raw = ticks_gettime(CLOCK_MONOTONIC_RAW), after = counter_read();

		if (after - before < width) {
			width = after - before;
			best = (struct ticks_pair){ .tsc = before + width / 2, .raw_ns = raw };
			best.mono_ns = ticks_gettime(CLOCK_MONOTONIC);
		}
	}
	return best;
}

static double pair_rate(const struct ticks_pair *a, const struct ticks_pair *b)
{
	return (double) (b->raw_ns - a->raw_ns) / (double) (b->tsc - a->tsc);
}

static double ppm_apart(double a, double b)
{
	return fabs(a / b - 1) * 1e6;
}

static void rate_set(struct ticks *t, double ns_per_tick, const struct ticks_pair *from)
{
	t->mult = (uint64_t) (ns_per_tick * 0x1p32 + 0.5);
	t->begin = *from;
}

static void cost_measure(struct ticks *t)
{
	uint64_t best = UINT64_MAX;

	for (int round = 0; round < COST_ROUNDS; round++) {
		uint64_t from = ticks_gettime(CLOCK_MONOTONIC), took;

		for (int i = 0; i < COST_CALLS; i++)
			(void) *(volatile uint64_t *) &(uint64_t){ ticks_now(t) };
		took = ticks_gettime(CLOCK_MONOTONIC) - from;
		if (took < best)
			best = took;
	}
	t->cost_ns = (double) best / COST_CALLS;
}

void ticks_init_gettime(struct ticks *t, const char *why)
{
	*t = (struct ticks){ .fake = t->fake };
	snprintf(t->why, sizeof(t->why), "%s", why);
	if (!t->fake)
		cost_measure(t);
}

static void ticks_calibrate(struct ticks *t)
{
	struct ticks_pair p[3];
	double apart;

	for (int i = 0; i < 3; i++) {
		if (i)
			clock_sleep_ns(CALIBRATE_NS);
		p[i] = pair_read();
	}
	apart = ppm_apart(pair_rate(&p[0], &p[1]), pair_rate(&p[1], &p[2]));
	if (!(apart <= AGREE_PPM)) {
		snprintf(t->why, sizeof(t->why), "two calibrations of the TSC against CLOCK_MONOTONIC_RAW differ by %.0f ppm",
			 apart);
		return;
	}
	t->first = p[0];
	rate_set(t, pair_rate(&p[0], &p[2]), &p[2]);
	t->tsc = TICKS_HAVE_TSC;
	snprintf(t->why, sizeof(t->why), "TSC invariant, the kernel's clocksource, agrees with CLOCK_MONOTONIC_RAW");
}

void ticks_init(struct ticks *t, const char *clocksource)
{
	const char *lacks = cpu_lacks();

	*t = (struct ticks){ 0 };
	if (lacks)
		snprintf(t->why, sizeof(t->why), "%s", lacks);
	else if (!text_eq(clocksource, "tsc"))
		snprintf(t->why, sizeof(t->why), "the kernel's clocksource is %.40s, not tsc",
			 *clocksource ? clocksource : "unknown");
	else
		ticks_calibrate(t);
	cost_measure(t);
}

void ticks_refine(struct ticks *t)
{
	struct ticks_pair now;

	if (!t->tsc)
		return;
	now = pair_read();
	rate_set(t, pair_rate(&t->first, &now), &now);
}

double ticks_drift_ppm(const struct ticks *t)
{
	struct ticks_pair now;

	if (!t->tsc)
		return 0;
	now = pair_read();
	return ((double) t->mult * 0x1p-32 / pair_rate(&t->begin, &now) - 1) * 1e6;
}

const char *ticks_source(const struct ticks *t)
{
	return t->tsc ? "tsc" : "clock_gettime";
}

/*
 * The timer runs on CLOCK_MONOTONIC, which time synchronisation may slew
 * against the TSC; so only what is left is carried over, never a whole date.
 */
int ticks_sleep_until(const struct ticks *t, uint64_t ns)
{
	uint64_t now = ticks_now(t), until;
	struct timespec ts;

	if (t->fake) {
		t->fake->sleep_until(t->fake->ctx, ns);
		return 0;
	}
	if (now >= ns)
		return 0;
	until = t->tsc ? ticks_gettime(CLOCK_MONOTONIC) + (ns - now) : ns;
	ts = (struct timespec){ .tv_sec = (time_t) (until / NS_PER_S), .tv_nsec = (long) (until % NS_PER_S) };
	return -clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL);
}
