/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wakeup - sleep until an absolute time, see how late one wakes: cyclictest's
 * measurement, with nothing left out.
 *
 * Wake-ups are due every interval from a start that never moves.  When a
 * wake-up comes so late that others were due meanwhile, each of those is a
 * sample too, from its own due time to now: a thread that stands still for
 * half a second has missed five hundred wake-ups of 1 ms, not one.
 *
 * The timer and the stamp are on the same clock, CLOCK_MONOTONIC; the TSC
 * would run from it as time synchronisation slews.
 */
#include <errno.h>
#include <time.h>

#include "base/clock.h"
#include "workload/run.h"
#include "workload/schedule.h"
#include "workload/table.h"

/* Record every wake-up that is due by now. */
static void record_due(struct run *run, struct schedule *s, uint64_t now, uint64_t until)
{
	while (s->at <= now && s->at < until) {
		recorder_add(&run->response, now, now - schedule_take(s));
		run->transactions++;
	}
}

static int wake_until(struct run *run, struct schedule *s, uint64_t until, struct err *err)
{
	while (s->at < until) {
		uint64_t now;

		if (run_ending(run))
			return run_interrupted(run, err);
		ticks_sleep_until(&run->ticks, s->at);
		now = run_now(run);
		run_beat(run);
		record_due(run, s, now, until);
		run->end_ns = now;
	}
	return 0;
}

static int wakeup_alone(struct run *run, struct err *err)
{
	const struct job *job = run->job;
	uint64_t interval = job->interval_us * NS_PER_US, start, begin, until;
	struct schedule s;
	int r;

	ticks_init_gettime(&run->ticks, "the timer runs on CLOCK_MONOTONIC, so the stamps are taken there");
	start = run_now(run) + interval;
	begin = start + (uint64_t) (job->warmup_s * 1e9);
	until = begin + (uint64_t) (job->duration_s * 1e9);
	schedule_begin_interval(&s, start, interval);
	r = wake_until(run, &s, begin, err);
	recorder_begin(&run->response, begin);
	run->transactions = 0;
	run->begin_ns = run->end_ns = begin;
	if (r == 0)
		r = wake_until(run, &s, until, err);
	if (r == 0 && run->end_ns < until)
		run->end_ns = until;
	recorder_end(&run->response);
	return run_outcome(run, r);
}

const struct workload workload_wakeup = {
	.name = "wakeup",
	.brief = "how late a sleeping thread wakes: timer, interrupt and scheduler latency",
	.measure = MEASURE_TIME,
	.interval = true,
	.client = wakeup_alone,
};
