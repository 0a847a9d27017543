/* SPDX-License-Identifier: Apache-2.0 */
/* stop, clock, log: in the order of one life, because a wanted stop is for ever. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/spawn.h"
#include "base/stop.h"

static char said[256];
static enum log_level said_at;

static void listen_in(enum log_level level, const char *text)
{
	said_at = level;
	memcpy(said, text, strlen(text) + 1);
}

static void remarks_reach_who_listens(void **state)
{
	(void) state;
	log_note("to nobody");
	assert_string_equal(said, "");
	log_install(listen_in);
	log_warn("cpu%d", 3);
	assert_string_equal(said, "cpu3");
	assert_int_equal(said_at, LOG_WARN_);
	log_debug("d");
	assert_int_equal(said_at, LOG_DEBUG_);
	log_note("n");
	assert_int_equal(said_at, LOG_NOTE_);
	log_install(NULL);
	log_note("to nobody");
	assert_string_equal(said, "n");
}

static void deadlines(void **state)
{
	uint64_t before = clock_ns();
	char stamp[32];

	(void) state;
	assert_int_equal(clock_left_ms(0), 0);
	assert_int_equal(clock_left_ms(before), 0);
	assert_int_equal(clock_left_ms(UINT64_MAX), INT_MAX);
	assert_in_range(clock_left_ms(clock_ns() + NS_PER_S), 1, 1000);
	assert_int_equal(clock_left_ms(clock_ns() + 60 * NS_PER_S) > 0, 1);
	clock_sleep_ns(2 * NS_PER_MS);
	assert_true(clock_ns() - before >= 2 * NS_PER_MS);
	assert_true(clock_wall_ns() > 1700000000 * NS_PER_S);
	assert_int_equal(strlen(clock_stamp(stamp)), 19);
	assert_int_equal(stamp[10], 'T');
	assert_int_equal(strspn(stamp, "0123456789T-"), 19);
}

static void a_signal_wakes_every_wait(void **state)
{
	struct pollfd p;

	(void) state;
	assert_int_equal(stop_fd(), -1);
	assert_int_equal(stop_sleep(NS_PER_MS), 0);
	signal(SIGHUP, SIG_IGN);
	assert_int_equal(stop_install(), 0);
	assert_int_equal(stop_install(), 0);
	raise(SIGHUP); /* nohup stays in force */
	assert_false(stop_wanted());
	p = (struct pollfd){ .fd = stop_fd(), .events = POLLIN };
	assert_int_equal(poll(&p, 1, 0), 0);
	assert_int_equal(stop_sleep(NS_PER_MS), 0);
	raise(SIGTERM);
	raise(SIGINT); /* the first one counts */
	assert_true(stop_wanted());
	assert_int_equal(stop_signal(), SIGTERM);
	assert_int_equal(poll(&p, 1, 0), 1);
	assert_int_equal(poll(&p, 1, 0), 1);
	assert_int_equal(stop_sleep(3600 * NS_PER_S), -EINTR);
}

/* After the stop above: a heeding run gives up, one for the clean-up does its work. */
static void clean_up_still_runs(void **state)
{
	struct spawn_opts o = SPAWN_OPTS_INIT;
	struct run_result r = { 0 };
	struct argv nap = { 0 };
	struct argv echo = { 0 };
	struct err err = { 0 };

	(void) state;
	argv_add(&nap, "sleep");
	argv_add(&nap, "1000");
	argv_add(&echo, "echo");
	argv_add(&echo, "done");
	o.heed_stop = true;
	assert_int_equal(run(&r, &nap, &o, 0, &err), -EINTR);
	o.heed_stop = false;
	assert_int_equal(run(&r, &echo, &o, 20 * NS_PER_S, &err), 0);
	assert_string_equal(r.out, "done\n");
	run_result_free(&r);
	argv_free(&nap);
	argv_free(&echo);
}

static void a_broken_pipe_is_an_error(void **state)
{
	int fds[2];

	(void) state;
	assert_int_equal(pipe(fds), 0);
	close(fds[0]);
	assert_int_equal(write(fds[1], "x", 1), -1);
	assert_int_equal(errno, EPIPE);
	close(fds[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(remarks_reach_who_listens), cmocka_unit_test(deadlines),
		cmocka_unit_test(a_signal_wakes_every_wait), cmocka_unit_test(clean_up_still_runs),
		cmocka_unit_test(a_broken_pipe_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
