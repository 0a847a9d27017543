/* SPDX-License-Identifier: Apache-2.0 */
/* A CPU has one owner, and none the moment its owner is dead. */
#include "run/lease.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/text.h"

static char path[64];

static int set_up(void **state)
{
	int fd;

	(void) state;
	text_print(path, sizeof(path), "/tmp/vlat-lease.XXXXXX");
	fd = mkstemp(path);
	return fd < 0 ? -1 : close(fd);
}

static int tear_down(void **state)
{
	(void) state;
	return unlink(path);
}

static struct cpuset two(unsigned a, unsigned b)
{
	struct cpuset s = cpuset_one(a);

	cpuset_add(&s, b);
	return s;
}

static void one_owner(void **state)
{
	struct lease a = LEASE_INIT, b = LEASE_INIT;
	struct cpuset first = two(2, 3), second = two(3, 4), all = two(2, 4), taken;
	struct err e = { 0 };
	char who[LEASE_NAME];

	(void) state;
	assert_int_equal(lease_open(&a, path, &e), 0);
	assert_int_equal(lease_open(&b, path, &e), 0);
	assert_int_equal(lease_take_cpus(&a, &first, "db", &e), 0);
	assert_int_equal(lease_take_cpus(&b, &second, "web", &e), -EBUSY);
	assert_non_null(strstr(e.text, "CPU 3 belongs to the run 'db'"));
	taken = lease_taken(&a, &all);
	assert_true(cpuset_empty(&taken)); /* of what was wanted none was kept, and one's own do not count */
	taken = lease_taken(&b, &first);
	assert_true(cpuset_equal(&taken, &first));
	assert_string_equal(lease_holder(&b, 2, who), "db");
	assert_string_equal(lease_holder(&b, 4, who), "");
	lease_close(&a);
	assert_int_equal(lease_take_cpus(&b, &second, "web", &e), 0);
	assert_string_equal(lease_holder(&a, 2, who), "");
	lease_close(&b);
}

static void dead_owner(void **state)
{
	struct lease mine = LEASE_INIT;
	struct cpuset cpus = two(1, 4095);
	struct err e = { 0 };
	int ready[2];
	pid_t pid;
	char c;

	(void) state;
	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		struct lease l = LEASE_INIT;

		if (lease_open(&l, path, &e) == 0 && lease_take_cpus(&l, &cpus, "doomed", &e) == 0 &&
		    write(ready[1], "y", 1) == 1)
			pause();
		_exit(1);
	}
	assert_int_equal(read(ready[0], &c, 1), 1);
	assert_int_equal(lease_open(&mine, path, &e), 0);
	assert_int_equal(lease_take_cpus(&mine, &cpus, "heir", &e), -EBUSY);
	assert_non_null(strstr(e.text, "doomed"));
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(lease_take_cpus(&mine, &cpus, "heir", &e), 0);
	lease_close(&mine);
	close(ready[0]);
	close(ready[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(one_owner, set_up, tear_down),
		cmocka_unit_test_setup_teardown(dead_owner, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
