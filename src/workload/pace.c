/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pace - theory of operation
 *
 * Closed loop (no rate): the next transaction starts when the last one ended,
 * so one stamp serves both, and a sample is the difference of two stamps.
 * Once a second a slice of the histogram is packed; the next transaction then
 * starts from a fresh stamp, so that this work is in nobody's sample.
 *
 * A closed loop is blind to what it does not send: while the peer stands still
 * for half a second it sees one slow transaction, not the five hundred that a
 * client with its own clock would have suffered.  So:
 *
 * Open loop (a rate): starts are fixed beforehand (schedule.h) and never move.
 * One request is outstanding at a time.  When the loop is late it sends the
 * requests that are due one after the other, without pause, and each keeps its
 * own intended start: `response` runs from there, as a user who waits in the
 * queue feels it; `service` runs from the actual send.  Nothing is left out
 * and nothing is made up afterwards.
 *
 * At the end: the transaction under way is waited for.  Requests whose time
 * had come and that were never sent, and the one that an error or a stop cuts
 * off, are recorded with the time that they had waited by then, which is a
 * lower bound, and counted in `unfinished`.
 */
#include "workload/pace.h"

#include <errno.h>

#include "base/clock.h"
#include "workload/schedule.h"

struct pace {
	struct run *run;
	pace_fn *once;
	void *ctx;
	struct schedule schedule;
	uint64_t now;                   /* the latest stamp */
	bool open;
};

/* Two CPUs may disagree by a tick or two; that must not become 584 years. */
static uint64_t passed(uint64_t from, uint64_t to)
{
	return to > from ? to - from : 0;
}

/* Cut off by the end: it took at least this long. */
static void record_unfinished(struct pace *p, uint64_t intended)
{
	recorder_add(&p->run->response, p->now, passed(intended, p->now));
	p->run->unfinished++;
}

/* Do one transaction, and give it the sample it deserves. */
static int transact(struct pace *p, uint64_t intended, uint64_t sent, struct err *err)
{
	struct run *run = p->run;
	int r;

	run->sent_ns = sent;
	r = p->once(run, p->ctx, err);
	p->now = run_now(run);
	if (r < 0) {
		record_unfinished(p, intended);
		return r;
	}
	if (r > 0) {
		run->lost++;
		return 0;
	}
	run_beat(run);
	run->transactions++;
	if (p->open)
		histogram_add(&run->service, passed(sent, p->now));
	if (recorder_add(&run->response, p->now, passed(intended, p->now)))
		p->now = run_now(run);
	return 0;
}

static int closed_until(struct pace *p, uint64_t until, struct err *err)
{
	while (p->now < until) {
		int r;

		if (run_ending(p->run))
			return run_interrupted(p->run, err);
		r = transact(p, p->now, p->now, err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* A sleeping thread may wake a little early on the stamping clock: it is not sent before its time. */
static int wait_for(struct pace *p, uint64_t intended, struct err *err)
{
	while (p->now < intended) {
		if (run_ending(p->run))
			return run_interrupted(p->run, err);
		ticks_sleep_until(&p->run->ticks, intended);
		p->now = run_now(p->run);
		run_beat(p->run);
	}
	return run_ending(p->run) ? run_interrupted(p->run, err) : 0;
}

static int open_until(struct pace *p, uint64_t until, struct err *err)
{
	while (p->schedule.at < until && p->now < until) {
		uint64_t intended;
		int r = wait_for(p, p->schedule.at, err);

		if (r < 0)
			return r;
		intended = schedule_take(&p->schedule);
		r = transact(p, intended, p->now, err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* Those whose time had come by the end, and that were never sent. */
static void record_unsent(struct pace *p, uint64_t until)
{
	uint64_t limit = p->now < until ? p->now : until;

	while (p->schedule.at < limit)
		record_unfinished(p, schedule_take(&p->schedule));
}

/* Forget the warm-up; the measured time begins. */
static void measuring_begins(struct pace *p, uint64_t begin)
{
	struct run *run = p->run;

	while (p->open && p->schedule.at < begin)
		schedule_take(&p->schedule);
	recorder_begin(&run->response, begin);
	histogram_clear(&run->service);
	run->transactions = run->lost = run->late = run->unfinished = 0;
	run->begin_ns = run->end_ns = begin;
	p->now = run_now(run);
}

static int warm_up(struct pace *p, uint64_t until, struct err *err)
{
	return p->open ? open_until(p, until, err) : closed_until(p, until, err);
}

static int measure(struct pace *p, struct err *err)
{
	struct run *run = p->run;
	uint64_t until = run->begin_ns + (uint64_t) (run->job->duration_s * 1e9);
	int r = p->open ? open_until(p, until, err) : closed_until(p, until, err);

	if (p->open)
		record_unsent(p, until);
	run->end_ns = r == 0 && p->now < until ? until : p->now;
	recorder_end(&run->response);
	return r;
}

int pace_client(struct run *run, pace_fn *once, void *ctx, struct err *err)
{
	struct pace p = { .run = run, .once = once, .ctx = ctx, .open = run->job->rate > 0, .now = run_now(run) };
	uint64_t begin = p.now + (uint64_t) (run->job->warmup_s * 1e9);
	int r;

	if (p.open)
		schedule_begin_rate(&p.schedule, p.now, run->job->rate);
	r = warm_up(&p, begin, err);
	measuring_begins(&p, p.open ? begin : p.now);
	if (r < 0)
		return r;
	return measure(&p, err);
}
