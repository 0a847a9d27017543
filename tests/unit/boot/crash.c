/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A death, or a refusal of the disk, at each step of writing: the test is linked
 * so that rename, unlink, fsync, fchmod and mkdir of vlat go through here.  Dead,
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

WRAP(rename, (const char *from, const char *to), (from, to))
WRAP(unlink, (const char *path), (path))
WRAP(fsync, (int fd), (fd))
WRAP(fchmod, (int fd, mode_t mode), (fd, mode))
WRAP(mkdir, (const char *path, mode_t mode), (path, mode))

static int plan_and_apply(struct machine *m, bool once, struct err *err)
{
	const struct boot_options o = { .role = ROLE_VM_HOST, .level = 1 };
	struct boot_words words = { 0 };
	struct boot_plan p = { 0 };
	char run[16];
	int r = boot_wanted(&words, &m->fs, &m->facts, &m->split, &o, err);

	if (r == 0)
		r = boot_plan_make(&p, &m->fs, &m->facts, &words, err);
	if (r == 0)
		r = boot_apply(&p, &m->fs, "vm-host", once, run, err);
	boot_plan_free(&p);
	return r;
}

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
		_exit(plan_and_apply(m, once, NULL) < 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_in_range(WEXITSTATUS(status), 0, 9);
	if (WEXITSTATUS(status) != 0)
		assert_int_equal(WEXITSTATUS(status), 9);
	return WEXITSTATUS(status) == 9;
}

static void revert_all(void)
{
	const struct revert_options o = { .lasting = true };
	struct revert_report report = { 0 };
	struct err err = { 0 };

	if (journal_revert(&o, &report, &err) < 0)
		fail_msg("%s", err.text);
	assert_true(revert_clean(&report));
	revert_report_free(&report);
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
			revert_all();
			check_same(&m, before, at);
		}
	}
	assert_true(at > 15); /* else nothing was trapped */
	machine_close(&m);
}

/* The disk refuses from the step on, or just then: an error that says why, and everything is as it was, or is after a revert. */
static void refuse_everywhere(void (*kind)(struct machine *m), int code)
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
			r = plan_and_apply(&m, false, &err);
			trap.at = 0;
			if (r < 0)
				assert_true(err.text[0] != '\0');
			if (r < 0 && !stays && strstr(err.text, "everything is as it was"))
				check_same(&m, before, at);
			revert_all();
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
	refuse_everywhere(machine_bls, ENOSPC);
}

static void test_read_only(void **state)
{
	(void) state;
	refuse_everywhere(grub, EROFS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_grub_dies), cmocka_unit_test(test_grub_once_dies), cmocka_unit_test(test_bls_dies),
		cmocka_unit_test(test_no_space),  cmocka_unit_test(test_read_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
