/* SPDX-License-Identifier: Apache-2.0 */
/* What a daemon tells its parent: that it is up, why it is not, or nothing because it died. */
#include "run/daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/jsonx.h"
#include "base/stop.h"

/* An fd of the parent must not be the daemon's: a lock on it would outlive the parent. */
static int up(void *arg, struct daemon_tell *tell)
{
	const int *fd = arg;

	daemon_up(tell, json_pack("{s:i, s:b, s:b}", "pid", (int) getpid(), "leader", getsid(0) == getpid(), "inherited",
				  fcntl(*fd, F_GETFD) >= 0 && *fd > 2));
	return 0;
}

static int fails(void *arg, struct daemon_tell *tell)
{
	struct err e;

	(void) arg;
	err_set(&e, -EBUSY, "somebody has it");
	daemon_failed(tell, &e);
	return 1;
}

static int dies(void *arg, struct daemon_tell *tell)
{
	(void) arg;
	(void) tell;
	return raise(SIGKILL);
}

static void tells(void **state)
{
	json_t *said = NULL;
	struct err e = { 0 };
	int fd = fcntl(0, F_DUPFD, 50);

	(void) state;
	assert_int_equal(daemon_start(up, &fd, &(struct daemon_opts){ .log = NULL }, &said, &e), 0);
	assert_true(json_integer_value(json_object_get(said, "pid")) != getpid());
	assert_true(json_is_true(json_object_get(said, "leader")));
	assert_true(json_is_false(json_object_get(said, "inherited")));
	json_decref(said);
	close(fd);
}

static void fails_and_dies(void **state)
{
	json_t *said = NULL;
	struct err e = { 0 };

	(void) state;
	assert_int_equal(daemon_start(fails, NULL, &(struct daemon_opts){ .log = NULL }, &said, &e), -EBUSY);
	assert_string_equal(e.text, "somebody has it");
	assert_int_equal(daemon_start(dies, NULL, &(struct daemon_opts){ .log = NULL }, &said, &e), -ECHILD);
	assert_null(said);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(tells), cmocka_unit_test(fails_and_dies) };

	if (stop_install() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
