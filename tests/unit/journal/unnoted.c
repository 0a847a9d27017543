/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A run that was killed between a write and its look at it: the kernel has made something else of the value, and no journal says
 * so.  On a file of the kernel's that does this, a power of two of what it is given, in a network namespace of the test's own.
 */
#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/vec.h"
#include "journal/undo.h"

struct lab {
	char dir[64];
	char *file;
	bool ours; /* the namespaces are, and the file is there */
};

static int set_up(void **state)
{
	struct lab *lab = xalloc(1, sizeof(*lab));
	AUTO_FREE char *st = NULL, *sys = NULL;
	struct err err = { 0 };

	strcpy(lab->dir, "/tmp/vlat-unit-XXXXXX");
	if (!mkdtemp(lab->dir))
		return -1;
	st = xprintf("%s/state", lab->dir);
	sys = xprintf("%s/sys", lab->dir);
	lab->file = xprintf("%s/class/net/lo/queues/rx-0/rps_flow_cnt", sys);
	setenv("VLAT_STATE", st, 1);
	*state = lab;
	if (dir_make_all(sys, 0755, &err) < 0 || unshare(CLONE_NEWNET | CLONE_NEWNS) < 0 ||
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 || mount("sysfs", sys, "sysfs", 0, NULL) < 0)
		return 0;
	lab->ours = access(lab->file, W_OK) == 0;
	return 0;
}

static int tear_down(void **state)
{
	struct lab *lab = *state;
	AUTO_FREE char *sys = xprintf("%s/sys", lab->dir);

	umount2(sys, MNT_DETACH);
	dir_remove_all(lab->dir);
	free(lab->file);
	free(lab);
	return 0;
}

static void put(const struct lab *lab, const char *text)
{
	AUTO_CLOSE int fd = open(lab->file, O_WRONLY | O_CLOEXEC);

	assert_int_equal(write(fd, text, strlen(text)), (ssize_t) strlen(text));
}

static void holds(const struct lab *lab, const char *want)
{
	AUTO_FREE char *text = NULL;
	struct err err = { 0 };

	assert_int_equal(file_read_all(lab->file, 64, &text, NULL, &err), 0);
	assert_string_equal(text, want);
}

/* In a child: 1000 is written, which becomes 1024, and that is all; or all is done after that, and noted as done. */
static void killed_run(const struct lab *lab, const char *knob, bool done)
{
	struct journal_value v = { .path = lab->file, .before = "0", .after = "1000" };
	struct journal *j = NULL;
	struct err err = { 0 };
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		if (journal_open(&j, "to be killed", &err) < 0)
			_exit(1);
		journal_for(j, knob);
		if (journal_value(j, &v, &err) < 0)
			_exit(1);
		put(lab, "1000");
		if (done)
			journal_done(j);
		_exit(9);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 9);
	holds(lab, "1024\n");
}

static void reverts(bool dry, enum undo_state want)
{
	const struct revert_options o = { .dry_run = dry };
	struct revert_report r = { .n = 0 };
	struct err err = { 0 };

	if (journal_revert(&o, &r, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(r.n, 1);
	if (r.at[0].report.count[want] != 1)
		fail_msg("%s: %s", undo_state_name(r.at[0].report.at[0].state), r.at[0].report.at[0].text);
	revert_report_free(&r);
}

static bool can_try(const struct lab *lab)
{
	if (!lab->ours)
		print_message("not tried: this needs root, and a kernel with RPS\n");
	return lab->ours;
}

static void test_ours(void **state)
{
	const struct lab *lab = *state;

	if (!can_try(lab))
		skip();
	killed_run(lab, "net.rps", false);
	reverts(true, UNDO_DONE);
	holds(lab, "1024\n");
	reverts(false, UNDO_DONE);
	holds(lab, "0\n");
}

/* What somebody else has set since is given back, and what vlat had looked at, or has not tuned, is not written at all. */
static void test_others(void **state)
{
	static const struct {
		const char *knob, *now;
		bool done;
	} cases[] = { { "net.rps", "4096", false }, { "net.rps", "1024", true }, { NULL, "1024", false } };
	const struct lab *lab = *state;

	if (!can_try(lab))
		skip();
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		AUTO_FREE char *line = xprintf("%s\n", cases[i].now);

		killed_run(lab, cases[i].knob, cases[i].done);
		put(lab, cases[i].now);
		reverts(false, UNDO_FOREIGN);
		holds(lab, line);
		put(lab, "0");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_ours, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_others, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
