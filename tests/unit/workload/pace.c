/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "workload/pace.h"
#include "workload/run.h"

/*
 * A world whose clock only the test moves: a transaction takes service_ns,
 * and whoever is at work at freeze_at stands still for freeze_ns.
 */
struct world {
	uint64_t now, service_ns;
	uint64_t freeze_at, freeze_ns;          /* freeze_ns 0 = never */
	uint64_t calls, starts_before_time, sleeps;
	uint64_t fail_at, lose_every, stop_at;  /* counted in calls; 0 = never */
	struct run *run;
};

static void pass(struct world *w, uint64_t ns)
{
	uint64_t until = w->now + ns;

	if (w->freeze_ns && w->now <= w->freeze_at && until > w->freeze_at) {
		until += w->freeze_ns;
		w->freeze_ns = 0;
	}
	w->now = until;
}

static uint64_t world_now(void *ctx)
{
	return ((struct world *) ctx)->now;
}

static void world_sleep_until(void *ctx, uint64_t ns)
{
	struct world *w = ctx;

	w->sleeps++;
	if (ns > w->now)
		pass(w, ns - w->now);
}

static int world_once(struct run *run, void *ctx, struct err *err)
{
	struct world *w = ctx;

	w->calls++;
	pass(w, w->service_ns);
	if (w->stop_at && w->calls == w->stop_at) {
		atomic_store(&run->ending, ENDING_STOPPED);
		return run_interrupted(run, err);
	}
	if (w->fail_at && w->calls == w->fail_at)
		return err_set(err, -ECONNRESET, "the peer died");
	return w->lose_every && w->calls % w->lose_every == 0;
}

struct scene {
	struct world world;
	struct ticks_fake fake;
	struct ticks ticks;
	struct job job;
	struct run run;
	struct err err;
	int r;
};

static struct scene *scene_new(const char *workload, double duration_s, double rate)
{
	struct scene *s = calloc(1, sizeof(*s));

	s->job = (struct job) JOB_INIT;
	s->job.workload = workload_find(workload);
	s->job.side = s->job.workload->peer ? SIDE_CLIENT : SIDE_ALONE;
	s->job.duration_s = duration_s;
	s->job.warmup_s = 0.5;
	s->job.rate = rate;
	s->world = (struct world){ .now = 1000 * NS_PER_S, .service_ns = 20000, .run = &s->run };
	s->fake = (struct ticks_fake){ .now = world_now, .sleep_until = world_sleep_until, .ctx = &s->world };
	s->ticks.fake = &s->fake;
	run_init(&s->run, &s->job, &s->ticks, -1);
	assert_int_equal(run_init_buffers(&s->run, &s->err), 0);
	return s;
}

static void scene_play(struct scene *s)
{
	s->r = pace_client(&s->run, world_once, &s->world, &s->err);
}

static void scene_free(struct scene *s)
{
	run_free(&s->run);
	free(s);
}

static const struct histogram *response(const struct scene *s)
{
	return &s->run.response.whole;
}

/* How many samples are at least this long. */
static uint64_t at_least(const struct histogram *h, uint64_t ns)
{
	uint64_t n = 0;

	for (unsigned i = histogram_index(ns); i < HISTOGRAM_BUCKETS; i++)
		n += h->bucket[i];
	return n;
}

static void closed_loop_back_to_back(void **state)
{
	struct scene *s = scene_new("tcp-rr", 2, 0);

	(void) state;
	scene_play(s);
	assert_int_equal(s->r, 0);
	assert_int_equal(s->run.transactions, 100000);
	assert_int_equal(response(s)->count, 100000);
	assert_int_equal(response(s)->min, 20000);
	assert_int_equal(response(s)->max, 20000);
	assert_int_equal(s->run.service.count, 0);
	assert_int_equal(s->run.end_ns - s->run.begin_ns, 2 * NS_PER_S);
	assert_int_equal(s->world.sleeps, 0);
	scene_free(s);
}

/* What coordinated omission is: half a second of standstill is one sample of a hundred thousand. */
static void closed_loop_shows_a_freeze_once(void **state)
{
	struct scene *s = scene_new("tcp-rr", 2, 0);

	(void) state;
	s->world.freeze_at = s->world.now + NS_PER_S;
	s->world.freeze_ns = 500 * NS_PER_MS;
	scene_play(s);
	assert_int_equal(at_least(response(s), NS_PER_MS), 1);
	scene_free(s);
}

static void open_loop_keeps_its_schedule(void **state)
{
	struct scene *s = scene_new("udp-rr", 2, 1000);

	(void) state;
	scene_play(s);
	assert_int_equal(s->r, 0);
	assert_int_equal(s->run.transactions, 2000);
	assert_int_equal(response(s)->max, 20000);
	assert_int_equal(s->run.service.count, 2000);
	assert_int_equal(s->world.calls, 2500);         /* warm-up too */
	assert_int_equal(s->run.end_ns - s->run.begin_ns, 2 * NS_PER_S);
	scene_free(s);
}

/* 1000/s, frozen for 500 ms: the one under way and the 499 that fell due meanwhile, each from its own time. */
static void open_loop_shows_every_victim_of_a_freeze(void **state)
{
	struct scene *s = scene_new("tcp-rr", 3, 1000);
	uint64_t late;

	(void) state;
	s->world.freeze_at = s->world.now + NS_PER_S;
	s->world.freeze_ns = 500 * NS_PER_MS;
	scene_play(s);
	assert_int_equal(s->r, 0);
	assert_int_equal(s->run.transactions, 3000);
	assert_int_equal(response(s)->count, 3000);
	late = at_least(response(s), NS_PER_MS);
	assert_true(late >= 495 && late <= 525);
	assert_true(histogram_quantile(response(s), 0.99) > 400e6);
	assert_int_equal(at_least(&s->run.service, NS_PER_MS), 1);
	assert_int_equal(response(s)->max, 500020000);
	scene_free(s);
}

/* Catching up is sending at once, one after the other, and afterwards the schedule is where it always was. */
static void open_loop_catches_up_without_pause(void **state)
{
	struct scene *s = scene_new("tcp-rr", 3, 1000);
	uint64_t sum_back = 0;

	(void) state;
	s->world.freeze_at = s->world.now + NS_PER_S;
	s->world.freeze_ns = 500 * NS_PER_MS;
	scene_play(s);
	/* Backlog of k is worked off in steps of 1000 - 20 us: the responses are 500020, 499040, 498060 ... us. */
	for (uint64_t v = 500020; v > 20; v = v > 980 ? v - 980 : 0)
		sum_back += v;
	assert_in_range((uint64_t) (response(s)->sum / 1000), sum_back + 2480 * 20, sum_back + 2500 * 20);
	scene_free(s);
}

/* 100/s asked, 50/s possible: half of the starts never happen, and none of them is forgotten. */
static void the_backlog_at_the_end_is_recorded(void **state)
{
	struct scene *s = scene_new("tcp-rr", 4, 100);

	(void) state;
	s->job.warmup_s = 0;
	s->world.service_ns = 20 * NS_PER_MS;
	scene_play(s);
	assert_int_equal(s->r, 0);
	assert_int_equal(s->run.transactions, 200);
	assert_int_equal(s->run.unfinished, 200);
	assert_int_equal(response(s)->count, 400);
	/* The last of the sent was 2 s late; the unsent have waited 2 s down to 10 ms. */
	assert_in_range(response(s)->max, 2000 * NS_PER_MS, 2020 * NS_PER_MS);
	assert_int_equal(s->run.service.count, 200);
	scene_free(s);
}

static void a_freeze_at_the_very_end_counts_too(void **state)
{
	struct scene *s = scene_new("tcp-rr", 2, 1000);

	(void) state;
	s->world.freeze_at = s->world.now + 2300 * NS_PER_MS;
	s->world.freeze_ns = 500 * NS_PER_MS;
	scene_play(s);
	assert_int_equal(s->r, 0);
	assert_int_equal(response(s)->count, 2000);
	assert_in_range(s->run.unfinished, 195, 200);
	assert_int_equal(response(s)->max, 500020000);
	scene_free(s);
}

static void losses_are_counted_and_delay_the_rest(void **state)
{
	struct scene *s = scene_new("udp-rr", 2, 1000);

	(void) state;
	s->world.lose_every = 10;
	scene_play(s);
	assert_int_equal(s->r, 0);
	assert_int_equal(s->run.lost, 200);
	assert_int_equal(s->run.transactions, 1800);
	assert_int_equal(response(s)->count, 1800);
	scene_free(s);
}

static void an_error_keeps_what_was_measured(void **state)
{
	struct scene *s = scene_new("tcp-rr", 2, 0);

	(void) state;
	s->world.fail_at = 75001;       /* 25000 of them are warm-up */
	scene_play(s);
	assert_int_equal(s->r, -ECONNRESET);
	assert_string_equal(s->err.text, "the peer died");
	assert_int_equal(s->run.transactions, 50000);
	assert_int_equal(s->run.unfinished, 1);
	assert_int_equal(response(s)->count, 50001);
	assert_int_equal(s->run.end_ns - s->run.begin_ns, 50001ull * 20000);
	scene_free(s);
}

static void an_error_in_the_warm_up_leaves_nothing(void **state)
{
	struct scene *s = scene_new("tcp-rr", 2, 1000);

	(void) state;
	s->world.fail_at = 5;
	scene_play(s);
	assert_int_equal(s->r, -ECONNRESET);
	assert_int_equal(s->run.transactions, 0);
	assert_int_equal(response(s)->count, 0);
	assert_true(s->run.end_ns == s->run.begin_ns);
	scene_free(s);
}

static void a_stop_is_no_failure(void **state)
{
	struct scene *s = scene_new("tcp-rr", 2, 1000);

	(void) state;
	s->world.stop_at = 1500;
	scene_play(s);
	assert_int_equal(run_outcome(&s->run, s->r), 0);
	assert_int_equal(s->run.transactions, 999);
	assert_int_equal(s->run.unfinished, 1);
	assert_int_equal(s->run.end_ns - s->run.begin_ns, 999 * NS_PER_MS + 20000);
	scene_free(s);
}

static void silence_is_a_failure(void **state)
{
	struct scene *s = scene_new("tcp-rr", 2, 0);

	(void) state;
	strcpy(s->job.peer, "198.18.0.9");
	atomic_store(&s->run.ending, ENDING_SILENT);
	scene_play(s);
	assert_int_equal(run_outcome(&s->run, s->r), -ETIMEDOUT);
	assert_non_null(strstr(s->err.text, "198.18.0.9"));
	scene_free(s);
}

static void wakeups_are_all_counted(void **state)
{
	struct scene *s = scene_new("wakeup", 2, 0);

	(void) state;
	assert_int_equal(s->job.workload->client(&s->run, &s->err), 0);
	assert_int_equal(s->run.transactions, 2000);
	assert_int_equal(response(s)->count, 2000);
	assert_int_equal(response(s)->max, 0);
	scene_free(s);
}

/* 500 missed periods are 500 samples, from 500 ms down. */
static void a_freeze_is_as_many_late_wakeups_as_were_due(void **state)
{
	struct scene *s = scene_new("wakeup", 3, 0);
	uint64_t late;

	(void) state;
	s->world.freeze_at = s->world.now + 1000500 * NS_PER_US;
	s->world.freeze_ns = 500 * NS_PER_MS;
	assert_int_equal(s->job.workload->client(&s->run, &s->err), 0);
	assert_int_equal(s->run.transactions, 3000);
	late = at_least(response(s), NS_PER_MS);
	assert_in_range(late, 498, 501);
	assert_true(histogram_quantile(response(s), 0.99) > 400e6);
	assert_in_range(response(s)->max, 499 * NS_PER_MS, 501 * NS_PER_MS);
	assert_true(s->run.end_ns - s->run.begin_ns == 3 * NS_PER_S);
	scene_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(closed_loop_back_to_back),
		cmocka_unit_test(closed_loop_shows_a_freeze_once),
		cmocka_unit_test(open_loop_keeps_its_schedule),
		cmocka_unit_test(open_loop_shows_every_victim_of_a_freeze),
		cmocka_unit_test(open_loop_catches_up_without_pause),
		cmocka_unit_test(the_backlog_at_the_end_is_recorded),
		cmocka_unit_test(a_freeze_at_the_very_end_counts_too),
		cmocka_unit_test(losses_are_counted_and_delay_the_rest),
		cmocka_unit_test(an_error_keeps_what_was_measured),
		cmocka_unit_test(an_error_in_the_warm_up_leaves_nothing),
		cmocka_unit_test(a_stop_is_no_failure),
		cmocka_unit_test(silence_is_a_failure),
		cmocka_unit_test(wakeups_are_all_counted),
		cmocka_unit_test(a_freeze_is_as_many_late_wakeups_as_were_due),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
