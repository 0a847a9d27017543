/* SPDX-License-Identifier: Apache-2.0 */
/*
 * schedule - when an open loop means to start its transactions.
 *
 * Start i is exactly start + floor(i * 10^12 / rate_milli) nanoseconds: kept
 * by adding quotient and remainder apart, so nothing accumulates however long
 * it runs, and whatever the machine does in between.  Pure arithmetic.
 */
#ifndef WORKLOAD_SCHEDULE_H
#define WORKLOAD_SCHEDULE_H

#include <stdint.h>

struct schedule {
	uint64_t at;                    /* the next intended start */
	uint64_t whole, part, unit;     /* one period: whole + part/unit nanoseconds */
	uint64_t carry;                 /* of part, < unit */
};

/* rate: starts a second, resolved to 1/1000. */
static inline void schedule_begin_rate(struct schedule *s, uint64_t start_ns, double rate)
{
	uint64_t milli = (uint64_t) (rate * 1000 + 0.5);

	milli = milli ? milli : 1;
	*s = (struct schedule){
		.at = start_ns, .whole = 1000000000000u / milli, .part = 1000000000000u % milli, .unit = milli,
	};
}

static inline void schedule_begin_interval(struct schedule *s, uint64_t start_ns, uint64_t interval_ns)
{
	*s = (struct schedule){ .at = start_ns, .whole = interval_ns, .unit = 1 };
}

/* The next intended start; the schedule moves on, early or late as the caller may be. */
static inline uint64_t schedule_take(struct schedule *s)
{
	uint64_t at = s->at;

	s->at += s->whole;
	s->carry += s->part;
	if (s->carry >= s->unit) {
		s->carry -= s->unit;
		s->at++;
	}
	return at;
}

#endif
