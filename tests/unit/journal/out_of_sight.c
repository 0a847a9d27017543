/* SPDX-License-Identifier: Apache-2.0 */
/* What is missing, and what only cannot be seen from where we are: with all filesystems of the kernel, and in a folder without. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/text.h"
#include "base/vec.h"
#include "journal/internal.h"

static char lab[64];

static int set_up(void **state)
{
	(void) state;
	strcpy(lab, "/tmp/vlat-unit-XXXXXX");
	return mkdtemp(lab) ? 0 : -1;
}

static int tear_down(void **state)
{
	(void) state;
	return dir_remove_all(lab);
}

/* NULL: it is gone, if it is not there; else what is said. */
static const char *lacks(enum entry_kind kind, const char *path)
{
	static struct undo_item item;
	struct entry e = { .kind = kind, .path = (char *) path };

	item = (struct undo_item){ .state = UNDO_DONE };
	return undo_is_out_of_sight(&e, &item) ? item.text : NULL;
}

static void test_all_is_mounted(void **state)
{
	static const char *const gone[] = { "/proc/sys/vm/nosuch", "/proc/nosuch/nosuch", "/sys/devices/nosuch/x", "/run/nosuch/x",
					    "/tmp/nosuch", "/etc/nosuch/x" };

	(void) state;
	for (size_t i = 0; i < ARRAY_SIZE(gone); i++)
		assert_null(lacks(ENTRY_VALUE, gone[i]));
	assert_null(lacks(ENTRY_VALUE, "/proc/sys/vm/swappiness"));
}

/* In a chroot; 0, or the line of what was not so. */
static int nothing_is_mounted(void)
{
	static const struct {
		enum entry_kind kind;
		const char *path, *why;
	} cases[] = {
		{ ENTRY_VALUE, "/proc/sys/vm/swappiness", "/proc is not mounted" },
		{ ENTRY_VALUE, "/sys/kernel/mm/ksm/run", "/sys is not mounted" },
		{ ENTRY_CGROUP, "/sys/fs/cgroup/vlat-a.hk", "control groups are not mounted" },
		{ ENTRY_VALUE, "/sys/fs/cgroup/vlat-a.hk/cpuset.cpus", "control groups are not mounted" },
		{ ENTRY_VALUE, "/sys/kernel/debug/sched/verbose", "debugfs is not mounted" },
		{ ENTRY_TREE, "/run/vlat/pool", "there is no /run" },
		{ ENTRY_NETNS, "/run/netns/vlat", "there is no /run" },
	};

	if (chdir(lab) < 0 || chroot(".") < 0 || chdir("/") < 0)
		return 1;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *said = lacks(cases[i].kind, cases[i].path);

		if (!said || !strstr(said, cases[i].why)) {
			fprintf(stderr, "of %s it says: %s\n", cases[i].path, said ? said : "nothing");
			return 1;
		}
	}
	if (lacks(ENTRY_FILE, "/etc/nosuch") || lacks(ENTRY_MOUNT, "/sys/kernel/debug"))
		return 1;
	/* The folders alone are no filesystems of the kernel. */
	if (mkdir("/sys", 0755) < 0 || mkdir("/sys/fs", 0755) < 0 || mkdir("/sys/fs/cgroup", 0755) < 0 || mkdir("/run", 0755) < 0)
		return 1;
	if (!lacks(ENTRY_VALUE, "/sys/x") || !lacks(ENTRY_CGROUP, "/sys/fs/cgroup/vlat-a.hk"))
		return 1;
	return lacks(ENTRY_TREE, "/run/vlat/pool") ? 1 : 0;
}

static void test_nothing_is_mounted(void **state)
{
	int status;
	pid_t pid;

	(void) state;
	if (geteuid() != 0) {
		print_message("chroot needs root: not tried\n");
		skip();
	}
	pid = fork();
	if (pid == 0)
		_exit(nothing_is_mounted());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* In a shell without /run the entry stays, unsettled; where there is one it is found done. */
static void test_stays(void **state)
{
	AUTO_FREE char *st = xprintf("%s/state", lab);
	struct undo_report report = { 0 };
	struct err err = { 0 };
	struct journal *j;
	int status;
	pid_t pid;

	(void) state;
	if (geteuid() != 0) {
		print_message("chroot needs root: not tried\n");
		skip();
	}
	setenv("VLAT_STATE", st, 1);
	assert_int_equal(journal_open(&j, "unit test", &err), 0);
	assert_int_equal(journal_tree(j, "/run/vlat-no-such-folder", &err), 0);
	pid = fork();
	if (pid == 0) {
		struct err why = { 0 };

		_exit(chdir(lab) < 0 || chroot(".") < 0 || chdir("/") < 0 || journal_undo_to(j, 0, &why) == 0 ||
		      !strstr(why.text, "there is no /run"));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(journal_undo_report(j, 0, &report, &err), 0);
	assert_int_equal(report.count[UNDO_SAME], 1);
	undo_report_free(&report);
	assert_int_equal(journal_close(j, &err), 0);
}

/* What is mounted stays as long as something in it is still to be undone: here a value that cannot be read. */
static void test_mount_of_what_is_not_undone(void **state)
{
	AUTO_FREE char *st = xprintf("%s/state", lab), *dir = xprintf("%s/mounted", lab), *file = xprintf("%s/mounted/knob", lab);
	struct undo_report report = { 0 };
	struct err err = { 0 };
	struct journal *j;

	(void) state;
	setenv("VLAT_STATE", st, 1);
	assert_int_equal(mkdir(dir, 0700) | mkdir(file, 0700), 0);
	assert_int_equal(journal_open(&j, "unit test", &err), 0);
	assert_int_equal(journal_mount(j, dir, &err), 0);
	assert_int_equal(journal_file(j, file, "before", "after", &err), 0);
	assert_true(journal_undo_report(j, 0, &report, &err) < 0);
	assert_int_equal(report.n, 2);
	assert_int_equal(report.count[UNDO_FAILED], 2);
	assert_non_null(strstr(report.at[1].text, "stays until what was changed in it is undone"));
	undo_report_free(&report);
	assert_int_equal(rmdir(file), 0);
	assert_int_equal(journal_close(j, &err), 0);
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_all_is_mounted),
		T(test_nothing_is_mounted),
		T(test_stays),
		T(test_mount_of_what_is_not_undone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
