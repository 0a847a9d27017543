/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A death, or a refusal of the disk, at each step of writing: the test is linked
 * so that write, rename, unlink, fsync, fchmod and mkdir of vlat go through here.  Dead,
 * `vlat revert` puts everything back; refused, boot_apply() has done so itself.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "machine.h"

static struct {
	long at;    /* the step that ends badly; 0 = none */
	int how;    /* 0 = death before it, -1 = death behind it, else the errno of its failure */
	bool stays; /* the disk refuses all that follows, too: read-only, full */
	long now;
} trap;

#define WRAP(name, args, call)                                                                                                   \
	int __real_##name args;                                                                                                  \
	int __wrap_##name args;                                                                                                  \
	int __wrap_##name args                                                                                                   \
	{                                                                                                                        \
		int r;                                                                                                           \
                                                                                                                                 \
		trap.now++;                                                                                                      \
		if (trap.at && trap.how > 0 && (trap.stays ? trap.now >= trap.at : trap.now == trap.at)) {                       \
			errno = trap.how;                                                                                        \
			return -1;                                                                                               \
		}                                                                                                                \
		if (trap.now == trap.at && trap.how == 0)                                                                        \
			_exit(9);                                                                                                \
		r = __real_##name call;                                                                                          \
		if (trap.now == trap.at && trap.how < 0)                                                                         \
			_exit(9);                                                                                                \
		return r;                                                                                                        \
	}

/* Death in front of a write is death in the middle of it here: half of it is in the file. */
ssize_t __real_write(int fd, const void *data, size_t n);
ssize_t __wrap_write(int fd, const void *data, size_t n);
ssize_t __wrap_write(int fd, const void *data, size_t n)
{
	bool hit;

	if (fd <= 2) /* what the test says itself */
		return __real_write(fd, data, n);
	trap.now++;
	hit = trap.at && (trap.now == trap.at || (trap.how > 0 && trap.stays && trap.now > trap.at));
	if (hit && trap.how > 0) {
		errno = trap.how;
		return -1;
	}
	if (hit && trap.how == 0)
		n /= 2;
	n = (size_t) __real_write(fd, data, n);
	if (hit)
		_exit(9);
	return (ssize_t) n;
}

WRAP(rename, (const char *from, const char *to), (from, to))
WRAP(unlink, (const char *path), (path))
WRAP(fsync, (int fd), (fd))
WRAP(fchmod, (int fd, mode_t mode), (fd, mode))
WRAP(mkdir, (const char *path, mode_t mode), (path, mode))

/* In a child of its own; true = it died at the step. */
static bool dies(struct machine *m, long at, int how, bool once)
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0) {
		trap.now = 0;
		trap.at = at;
		trap.how = how;
		_exit(machine_apply(m, once, NULL) < 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_in_range(WEXITSTATUS(status), 0, 9);
	if (WEXITSTATUS(status) != 0)
		assert_int_equal(WEXITSTATUS(status), 9);
	return WEXITSTATUS(status) == 9;
}

static void check_same(struct machine *m, const char *before, long at)
{
	AUTO_FREE char *after = snapshot(m);
	struct boot_report r;

	if (strcmp(before, after) != 0)
		fail_msg("step %ld:\n%s\nis not\n%s", at, after, before);
	assert_int_equal(boot_verify(&m->fs, &r, NULL), 0);
	assert_int_equal(r.state, BOOT_NONE);
	boot_report_free(&r);
}

static void die_everywhere(void (*kind)(struct machine *m), bool once)
{
	AUTO_FREE char *before = NULL;
	struct machine m;
	long at = 1;

	machine_open(&m);
	kind(&m);
	before = snapshot(&m);
	for (bool died = true; died; at++) {
		for (int how = 0; how >= -1; how--) {
			died = dies(&m, at, how, once);
			assert_true(machine_revert());
			check_same(&m, before, at);
		}
	}
	assert_true(at > 15); /* else nothing was trapped */
	machine_close(&m);
}

/* The disk refuses from the step on, or just then: an error that says why, and everything is as it was, or is after a revert. */
static void refuse_everywhere(void (*kind)(struct machine *m), bool once, int code)
{
	AUTO_FREE char *before = NULL;
	struct machine m;
	int r = -1;

	machine_open(&m);
	kind(&m);
	before = snapshot(&m);
	for (long at = 1; r < 0; at++) {
		for (int stays = 0; stays <= 1; stays++) {
			struct err err = { 0 };

			trap.now = 0;
			trap.at = at;
			trap.how = code;
			trap.stays = stays;
			r = machine_apply(&m, once, &err);
			trap.at = 0;
			if (r < 0)
				assert_true(err.text[0] != '\0');
			if (r < 0 && !stays && strstr(err.text, "everything is as it was"))
				check_same(&m, before, at);
			assert_true(machine_revert());
			check_same(&m, before, at);
		}
	}
	machine_close(&m);
}

static void grub(struct machine *m)
{
	machine_grub(m, true);
}

static void test_grub_dies(void **state)
{
	(void) state;
	die_everywhere(grub, false);
}

static void test_grub_once_dies(void **state)
{
	(void) state;
	die_everywhere(grub, true);
}

static void test_bls_dies(void **state)
{
	(void) state;
	die_everywhere(machine_bls, false);
}

static void test_no_space(void **state)
{
	(void) state;
	refuse_everywhere(machine_bls, false, ENOSPC);
}

static void test_read_only(void **state)
{
	(void) state;
	refuse_everywhere(grub, false, EROFS);
}

static void test_dying_disk(void **state)
{
	(void) state;
	refuse_everywhere(grub, true, EIO);
	refuse_everywhere(machine_systemd, true, EIO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_grub_dies), cmocka_unit_test(test_grub_once_dies), cmocka_unit_test(test_bls_dies),
		cmocka_unit_test(test_no_space),  cmocka_unit_test(test_read_only),     cmocka_unit_test(test_dying_disk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
