/* SPDX-License-Identifier: Apache-2.0 */
/* The process that mounts for one who may not: in a mount namespace of the test's own. */
#include "journal/mounter.h"

#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <linux/magic.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "journal/internal.h"

static bool is_mounted(void)
{
	struct statfs sf;

	return statfs(MOUNTER_PATH, &sf) == 0 && sf.f_type == DEBUGFS_MAGIC;
}

static int set_up(void **state)
{
	int *fd = xalloc(1, sizeof(*fd));
	struct err err = { 0 };

	*state = fd;
	return mounter_start(fd, &err);
}

static int tear_down(void **state)
{
	int *fd = *state;

	if (*fd >= 0)
		close(*fd);
	free(fd);
	return 0;
}

static void test_there_and_back(void **state)
{
	int fd = **(int **) state;

	assert_int_equal(mounter_unmount(fd), -EINVAL);
	assert_int_equal(mounter_mount(fd), 0);
	assert_true(is_mounted());
	assert_int_equal(mounter_mount(fd), -EBUSY); /* the same filesystem, at the same place */
	assert_int_equal(mounter_unmount(fd), 0);
	assert_false(is_mounted());
}

static void test_knows_nothing_else(void **state)
{
	int fd = **(int **) state, answer = 0;

	assert_int_equal(send(fd, "x", 1, 0), 1);
	assert_int_equal(recv(fd, &answer, sizeof(answer), 0), sizeof(answer));
	assert_int_equal(answer, EBADRQC);
	assert_false(is_mounted());
}

/* As when it was killed: its end is closed. */
static void test_is_gone(void **state)
{
	int ends[2];

	(void) state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
	close(ends[1]);
	assert_int_equal(mounter_mount(ends[0]), -ECONNRESET);
	close(ends[0]);
}

/* The journal's entry: undone by the process, not by ourselves; left, when that is gone. */
static void test_of_a_journal(void **state)
{
	char dir[] = "/tmp/vlat-unit-XXXXXX";
	int *fd = *state;
	struct err err = { 0 };
	struct journal *j;

	assert_non_null(mkdtemp(dir));
	setenv("VLAT_STATE", dir, 1);
	assert_int_equal(journal_open(&j, "unit test", &err), 0);
	journal_mounts_by(j, dup(*fd));
	assert_int_equal(journal_mount(j, MOUNTER_PATH, &err), 0);
	assert_int_equal(mounter_mount(*fd), 0);
	assert_int_equal(journal_undo_to(j, 0, &err), 0);
	assert_false(is_mounted());
	assert_int_equal(journal_mount(j, MOUNTER_PATH, &err), 0); /* a second one, killed before it was made */
	assert_int_equal(journal_undo_to(j, 0, &err), 0);
	assert_int_equal(journal_close(j, &err), 0);
	dir_remove_all(dir);
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_there_and_back),
		T(test_knows_nothing_else),
		T(test_is_gone),
		T(test_of_a_journal),
	};

	if (geteuid() != 0 || unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0) {
		print_message("a mount namespace of its own needs root: not tried\n");
		return 77;
	}
	while (is_mounted())
		if (umount2(MOUNTER_PATH, MNT_DETACH) < 0)
			break;
	if (mount("none", MOUNTER_PATH, MOUNTER_TYPE, 0, NULL) < 0) {
		print_message("no debugfs can be mounted on " MOUNTER_PATH " (%s): not tried\n", strerror(errno));
		return 77;
	}
	umount2(MOUNTER_PATH, MNT_DETACH);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
