/* SPDX-License-Identifier: Apache-2.0 */
/* A CPU kept from idling: what the task is, and that it ends with whoever started it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/cpuset.h"
#include "base/proc_stat.h"
#include "tune/internal.h"

static unsigned some_cpu(void)
{
	struct cpuset own;

	assert_int_equal(cpuset_get_affinity(0, &own), 0);
	return (unsigned) cpuset_last(&own);
}

static void it_takes_idle_time_only_and_stays_on_its_cpu(void **state)
{
	struct cpuset where, one = cpuset_one(some_cpu());
	pid_t pid = 0;

	(void) state;
	assert_int_equal(spin_start(some_cpu(), "", &pid), 0);
	assert_true(spin_alive(pid));
	assert_int_equal(sched_getscheduler(pid), SCHED_IDLE);
	assert_int_equal(cpuset_get_affinity(pid, &where), 0);
	assert_true(cpuset_equal(&where, &one));
	spin_stop(pid);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

static void one_that_somebody_ended_is_noticed(void **state)
{
	pid_t pid = 0;

	(void) state;
	assert_int_equal(spin_start(some_cpu(), "", &pid), 0);
	kill(pid, SIGKILL);
	for (int i = 0; i < 1000 && spin_alive(pid); i++)
		clock_sleep_ns(10 * NS_PER_MS);
	assert_false(spin_alive(pid));
	spin_stop(pid);
}

static void where_it_cannot_be_it_is_not(void **state)
{
	pid_t pid = 77;

	(void) state;
	assert_int_equal(spin_start(CPUSET_MAX - 1, "", &pid), -EINVAL);
	assert_int_equal(spin_start(some_cpu(), "/nowhere/at/all", &pid), -ENOENT);
	assert_int_equal(pid, 77);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

/* As after kill -9 of vlat: nobody stops it, and it is gone. */
static void it_dies_with_its_parent(void **state)
{
	struct proc_stat was;
	int line[2];
	pid_t parent, pid = 0;

	(void) state;
	assert_int_equal(pipe(line), 0);
	parent = fork();
	if (parent == 0) {
		int r = spin_start(some_cpu(), "", &pid);

		_exit(r == 0 && write(line[1], &pid, sizeof(pid)) == sizeof(pid) && pause() ? 0 : 1);
	}
	assert_int_equal(read(line[0], &pid, sizeof(pid)), sizeof(pid));
	assert_int_equal(proc_stat_read(pid, &was), 0);
	kill(parent, SIGKILL);
	assert_int_equal(waitpid(parent, NULL, 0), parent);
	for (int i = 0; i < 1000 && proc_is_alive(pid, was.start_time); i++)
		clock_sleep_ns(10 * NS_PER_MS);
	assert_false(proc_is_alive(pid, was.start_time));
	close(line[0]);
	close(line[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_takes_idle_time_only_and_stays_on_its_cpu),
		cmocka_unit_test(one_that_somebody_ended_is_noticed),
		cmocka_unit_test(where_it_cannot_be_it_is_not),
		cmocka_unit_test(it_dies_with_its_parent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
