/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/std_fds.h"

/* In the child: the next file opened is none of the three, and using what was closed fails. */
static int child_without(unsigned closed)
{
	char byte = 'x';

	for (int fd = 0; fd < 3; fd++)
		if (closed & 1u << fd)
			close(fd);
	if (std_fds_open() != 0)
		return 1;
	if (open("/dev/null", O_RDWR) < 3)
		return 2;
	if (closed & 1u && (read(STDIN_FILENO, &byte, 1) != -1 || errno != EBADF))
		return 3;
	for (int fd = STDOUT_FILENO; fd <= STDERR_FILENO; fd++)
		if (closed & 1u << fd && (write(fd, &byte, 1) != -1 || errno != EBADF))
			return 4;
	return 0;
}

static void closed_ones_are_taken_and_fail(void **state)
{
	(void) state;
	for (unsigned closed = 0; closed < 8; closed++) {
		pid_t pid = fork();
		int status;

		if (pid == 0)
			_exit(child_without(closed));
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFEXITED(status));
		assert_int_equal(WEXITSTATUS(status), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(closed_ones_are_taken_and_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
