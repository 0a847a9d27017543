/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A kernel that makes something of its own of what is written: a real one.  It
 * rounds fs.pipe-max-size up to what a pipe can have, a page at least; here
 * that file stands in the place of another one, in a copy of a machine, seen by
 * this process alone.  It is as it was a moment later.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <sys/mount.h>

#include <cmocka.h>

#include "../../hosts/compare.h"
#include "../../hosts/tree.h"
#include "base/sink.h"
#include "journal/undo.h"
#include "tune/internal.h"
#include "tune/plan.h"

#define REAL "/proc/sys/fs/pipe-max-size"

struct lab {
	char dir[64], original[64], state[80], file[128], before[32];
	struct fs fs, untouched;
	struct host_facts facts;
	struct cpu_split split;
	struct journal *j;
	struct plan *p;
};

static void read_real(char *buf, size_t cap)
{
	AUTO_FREE char *text = NULL;
	struct err err = { 0 };

	assert_int_equal(file_read_all(REAL, 64, &text, NULL, &err), 0);
	text_print(buf, cap, "%s", text_trim(text));
}

static void write_real(const char *text)
{
	AUTO_CLOSE int fd = open(REAL, O_WRONLY | O_CLOEXEC);

	assert_true(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t) strlen(text));
}

static void real_is(const char *want)
{
	char now[32];

	read_real(now, sizeof(now));
	assert_string_equal(now, want);
}

static int set_up(void **state)
{
	static const char *const only[] = { "iso.stat_interval", "iso.timer_migration", NULL };
	const struct plan_options o = { .only = only };
	struct lab *lab = xalloc(1, sizeof(*lab));
	struct err err = { 0 };

	tree_open("two-cpu-vm", lab->dir, &lab->fs);
	tree_open("two-cpu-vm", lab->original, &lab->untouched);
	text_print(lab->state, sizeof(lab->state), "%s.state", lab->dir);
	text_print(lab->file, sizeof(lab->file), "%s/proc/sys/vm/stat_interval", lab->dir);
	setenv("VLAT_STATE", lab->state, 1);
	read_real(lab->before, sizeof(lab->before));
	if (mount(REAL, lab->file, NULL, MS_BIND, NULL) < 0 || host_facts_read(&lab->fs, &lab->facts, &err) < 0 ||
	    journal_open(&lab->j, "unit test", &err) < 0)
		return -1;
	split_propose(&lab->facts.cpu, &lab->split);
	*state = lab;
	return plan_make(&lab->p, &lab->fs, &lab->facts, &lab->split, &o, &err);
}

static int tear_down(void **state)
{
	struct lab *lab = *state;
	struct err err = { 0 };
	int r;

	plan_free(lab->p);
	r = journal_close(lab->j, &err);
	write_real(lab->before);
	host_facts_free(&lab->facts);
	umount2(lab->file, MNT_DETACH);
	tree_close(lab->dir, &lab->fs);
	tree_close(lab->original, &lab->untouched);
	dir_remove_all(lab->state);
	free(lab);
	return r;
}

static const struct setting *clamped(const struct plan *p)
{
	return &plan_step(p, "iso.stat_interval")->settings.at[0];
}

static void apply(struct lab *lab)
{
	struct err err = { 0 };

	assert_int_equal(clamped(lab->p)->state, SETTING_TODO);
	assert_int_equal(plan_apply(lab->p, lab->j, &err), 0);
}

/* Told, put back at once, nothing else held up; and nothing of it is left to revert. */
static void test_put_back_at_once(void **state)
{
	struct lab *lab = *state;
	AUTO(sink_free) struct sink text = { 0 };
	struct err err = { 0 };
	char now[32];

	apply(lab);
	real_is(lab->before);
	assert_int_equal(clamped(lab->p)->state, SETTING_FAILED);
	assert_non_null(strstr(clamped(lab->p)->reason, "the kernel made 4096 of it; put back"));
	plan_text(lab->p, &text);
	assert_non_null(strstr(text.text, "the kernel made 4096 of it"));
	assert_true(fs_read(&lab->fs, "proc/sys/kernel/timer_migration", now, sizeof(now)) > 0);
	assert_string_equal(now, "0");
	assert_int_equal(plan_verify(lab->p, &err), 0);
	assert_int_equal(plan_revert(lab->p, &err), 0);
	real_is(lab->before);
	assert_int_equal(umount2(lab->file, MNT_DETACH), 0);
	assert_int_equal(compare_trees(lab->original, lab->dir), 0);
}

static void undone(struct lab *lab, enum undo_state want, const char *text)
{
	struct undo_report report = { 0 };
	struct err err = { 0 };
	bool seen = false;

	assert_int_equal(journal_undo_report(lab->j, 0, &report, &err), 0);
	for (size_t i = 0; i < report.n; i++) {
		if (strstr(report.at[i].what, "stat_interval")) {
			assert_int_equal(report.at[i].state, want);
			assert_non_null(strstr(report.at[i].text, text));
			seen = true;
		}
	}
	assert_true(seen);
	undo_report_free(&report);
}

/* It never came to be, so nobody has changed it back: keep/force.h goes by the text. */
static void test_has_not_drifted(void **state)
{
	struct lab *lab = *state;

	apply(lab);
	undone(lab, UNDO_SAME, UNDO_REFUSED);
	real_is(lab->before);
}

/* Killed before it was put back: what the kernel made of it is ours, and vlat revert undoes it. */
static void test_killed_before_it_was_put_back(void **state)
{
	struct lab *lab = *state;
	struct err err = { 0 };

	apply(lab);
	assert_int_equal(journal_left(lab->j, lab->file, "4096", &err), 0); /* the last note before the kill */
	write_real("120");
	real_is("4096");
	undone(lab, UNDO_DONE, "");
	real_is(lab->before);
}

/* What somebody sets later, rounded or not, is his. */
static void test_somebody_elses(void **state)
{
	struct lab *lab = *state;

	apply(lab);
	write_real("10000");
	real_is("16384");
	undone(lab, UNDO_FOREIGN, "");
	real_is("16384");
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_put_back_at_once),
		T(test_has_not_drifted),
		T(test_killed_before_it_was_put_back),
		T(test_somebody_elses),
	};

	unsetenv("VLAT_LEAVE_ALONE");
	if (geteuid() != 0 || access(REAL, W_OK) < 0 || sysconf(_SC_PAGESIZE) != 4096 || unshare(CLONE_NEWNS) < 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0) {
		print_message("needs root, a mount namespace of its own and pages of 4 KiB: not tried\n");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
