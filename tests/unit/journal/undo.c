/* SPDX-License-Identifier: Apache-2.0 */
/* What undo does to values, tasks, processes, mounts and folders; with a state folder of its own. */
#include "journal/undo.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/proc_stat.h"
#include "base/text.h"
#include "base/vec.h"

struct lab {
	char dir[64];
	struct journal *j;
};

static char *in(const struct lab *lab, const char *name)
{
	return xprintf("%s/%s", lab->dir, name);
}

static void put(const char *path, const char *text)
{
	struct err err = { 0 };

	assert_int_equal(file_write_atomic(path, text, strlen(text), 0644, &err), 0);
}

static void holds(const char *path, const char *want)
{
	AUTO_FREE char *text = NULL;
	struct err err = { 0 };

	assert_int_equal(file_read_all(path, 4096, &text, NULL, &err), 0);
	assert_string_equal(text, want);
}

static int set_up(void **state)
{
	struct lab *lab = xalloc(1, sizeof(*lab));
	struct err err = { 0 };
	AUTO_FREE char *st = NULL;

	strcpy(lab->dir, "/tmp/vlat-unit-XXXXXX");
	if (!mkdtemp(lab->dir))
		return -1;
	st = in(lab, "state");
	setenv("VLAT_STATE", st, 1);
	if (journal_open(&lab->j, "unit test", &err) < 0)
		return -1;
	*state = lab;
	return 0;
}

static int tear_down(void **state)
{
	struct lab *lab = *state;
	struct err err = { 0 };
	int r = journal_close(lab->j, &err);

	dir_remove_all(lab->dir);
	free(lab);
	return r;
}

static enum undo_state undo_one(struct lab *lab)
{
	struct undo_report report = { 0 };
	struct err err = { 0 };
	enum undo_state s;

	journal_undo_report(lab->j, 0, &report, &err);
	assert_true(report.n >= 1);
	s = report.at[report.n - 1].state;
	undo_report_free(&report);
	return s;
}

static void test_value_put_back(void **state)
{
	struct lab *lab = *state;
	AUTO_FREE char *f = in(lab, "knob");
	struct err err = { 0 };

	put(f, "before\n");
	assert_int_equal(journal_file(lab->j, f, "before", "after", &err), 0);
	put(f, "after\n");
	assert_int_equal(undo_one(lab), UNDO_DONE);
	holds(f, "before\n");
}

static void test_value_never_written(void **state)
{
	struct lab *lab = *state;
	AUTO_FREE char *f = in(lab, "knob");
	struct err err = { 0 };

	put(f, "before\n");
	assert_int_equal(journal_file(lab->j, f, "before", "after", &err), 0);
	assert_int_equal(undo_one(lab), UNDO_SAME);
	holds(f, "before\n");
}

static void test_value_foreign(void **state)
{
	struct lab *lab = *state;
	AUTO_FREE char *f = in(lab, "knob");
	struct err err = { 0 };

	put(f, "before\n");
	assert_int_equal(journal_file(lab->j, f, "before", "after", &err), 0);
	put(f, "somebody\n");
	assert_int_equal(undo_one(lab), UNDO_FOREIGN);
	holds(f, "somebody\n");
}

/* It was v.before and is journalled; then it is found so, and undone. */
static void undone(struct lab *lab, const char *name, struct journal_value v, const char *found, enum undo_state want,
		   const char *left)
{
	AUTO_FREE char *f = in(lab, name), *first = xprintf("%s\n", v.before);
	struct err err = { 0 };

	v.path = f;
	put(f, first);
	assert_int_equal(journal_value(lab->j, &v, &err), 0);
	put(f, found);
	assert_int_equal(undo_one(lab), want);
	holds(f, left);
}

static const struct journal_value pool = { .form = VALUE_NUMBER, .before = "8", .after = "512" };
static const struct journal_value mask = { .form = VALUE_CPUMASK, .before = "00000003", .after = "1" };
static const struct journal_value controller = { .form = VALUE_CONTROLLERS, .before = "memory pids", .after = "+cpuset" };

/* Whoever died while a pool of huge pages filled up left a number on the way; beyond it, it is somebody else's. */
static void test_value_half_filled_pool(void **state)
{
	undone(*state, "nr_hugepages", pool, "513\n", UNDO_FOREIGN, "513\n");
}

static void test_value_half_filled_pool_is_ours(void **state)
{
	undone(*state, "nr_hugepages", pool, "300\n", UNDO_DONE, "8\n");
}

static void test_value_by_meaning(void **state)
{
	undone(*state, "mask", mask, "00000000,00000001\n", UNDO_DONE, "00000003\n");
}

/* systemd switches controllers on and off meanwhile: only vlat's own is taken back. */
static void test_value_controller(void **state)
{
	undone(*state, "cgroup.subtree_control", controller, "cpuset cpu memory pids\n", UNDO_DONE, "-cpuset\n");
}

static void test_value_controller_gone(void **state)
{
	undone(*state, "cgroup.subtree_control", controller, "cpu memory pids\n", UNDO_SAME, "cpu memory pids\n");
}

static void test_value_kernel_kept_its_own(void **state)
{
	struct lab *lab = *state;
	AUTO_FREE char *f = in(lab, "clamped");
	struct err err = { 0 };

	put(f, "1\n");
	assert_int_equal(journal_file(lab->j, f, "1", "1000000", &err), 0);
	put(f, "5000\n");
	assert_int_equal(journal_left(lab->j, f, "5000", &err), 0);
	assert_int_equal(undo_one(lab), UNDO_DONE);
	holds(f, "1\n");
}

static void test_value_gone(void **state)
{
	struct lab *lab = *state;
	AUTO_FREE char *f = in(lab, "knob"), *guard = in(lab, "device");
	struct journal_value v = { .path = f, .before = "a", .after = "b", .guard = guard };
	struct err err = { 0 };

	put(f, "b\n");
	assert_int_equal(journal_value(lab->j, &v, &err), 0);
	assert_int_equal(undo_one(lab), UNDO_VOID); /* the guard is not there */
	holds(f, "b\n");
	unlink(f);
	assert_int_equal(journal_file(lab->j, f, "a", "b", &err), 0);
	assert_int_equal(undo_one(lab), UNDO_VOID);
}

static void test_reverse_order(void **state)
{
	struct lab *lab = *state;
	AUTO_FREE char *f = in(lab, "knob");
	struct err err = { 0 };
	size_t here;

	put(f, "1\n");
	assert_int_equal(journal_file(lab->j, f, "1", "2", &err), 0);
	put(f, "2\n");
	here = journal_here(lab->j);
	assert_int_equal(journal_file(lab->j, f, "2", "3", &err), 0);
	put(f, "3\n");
	assert_int_equal(journal_undo_to(lab->j, here, &err), 0);
	holds(f, "2\n");
	assert_int_equal(journal_undo_to(lab->j, 0, &err), 0);
	holds(f, "1\n");
}

static void test_batch_is_written_once(void **state)
{
	struct lab *lab = *state;
	AUTO_FREE char *f = in(lab, "knob"), *path = xprintf("%s/journal", journal_dir(lab->j));
	struct stat before, held, after;
	struct err err = { 0 };

	put(f, "1\n");
	assert_int_equal(stat(path, &before), 0);
	journal_hold(lab->j);
	for (int i = 0; i < 100; i++)
		assert_int_equal(journal_file(lab->j, f, "1", "2", &err), 0);
	assert_int_equal(stat(path, &held), 0);
	assert_int_equal(held.st_size, before.st_size);
	assert_int_equal(journal_sync(lab->j, &err), 0);
	assert_int_equal(stat(path, &after), 0);
	assert_true(after.st_size > before.st_size);
	put(f, "2\n");
	assert_int_equal(journal_undo_to(lab->j, 0, &err), 0);
	holds(f, "1\n");
}

static void test_bad_paths_are_refused(void **state)
{
	struct lab *lab = *state;
	struct err err = { 0 };

	assert_int_equal(journal_file(lab->j, "relative", "a", "b", &err), -EINVAL);
	assert_int_equal(journal_tree(lab->j, "/tmp/../etc", &err), -EINVAL);
	assert_int_equal(journal_netns(lab->j, "../../etc/passwd", &err), -EINVAL);
	assert_int_equal(journal_command(lab->j, (const char *const[]){ "ls", NULL }, &err), -EINVAL);
	assert_int_equal(journal_here(lab->j), 0);
}

static pid_t idle_child(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		for (;;)
			pause();
	}
	return pid;
}

static void test_task_affinity(void **state)
{
	struct lab *lab = *state;
	struct cpuset all, one, now;
	struct err err = { 0 };
	pid_t pid;

	assert_int_equal(cpuset_get_affinity(0, &all), 0);
	if (cpuset_count(&all) < 2) {
		print_message("one CPU only: affinities cannot differ\n");
		skip();
	}
	one = cpuset_one((unsigned) cpuset_first(&all));
	pid = idle_child();
	assert_int_equal(journal_task(lab->j, pid, &all, &one, &err), 0);
	assert_int_equal(cpuset_set_affinity(pid, &one), 0);
	assert_int_equal(undo_one(lab), UNDO_DONE);
	assert_int_equal(cpuset_get_affinity(pid, &now), 0);
	assert_true(cpuset_equal(&now, &all));

	assert_int_equal(journal_task(lab->j, pid, &all, &one, &err), 0);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	assert_int_equal(undo_one(lab), UNDO_VOID);
}

/* A kernel thread that the kernel has bound: nothing is left to give back. */
static void test_task_bound_since(void **state)
{
	struct lab *lab = *state;
	struct cpuset now, wider;
	struct proc_stat s = { 0 };
	struct err err = { 0 };
	pid_t tid = 2;

	while (tid < 400 && (proc_stat_read(tid, &s) < 0 || !(s.flags & PROC_PF_NO_SETAFFINITY)))
		tid++;
	if (tid == 400 || geteuid() != 0) {
		print_message("no bound kernel thread to be seen from here, or not root\n");
		skip();
	}
	assert_int_equal(proc_allowed(tid, &now), 0);
	wider = now;
	cpuset_add(&wider, 1000);
	assert_int_equal(journal_task(lab->j, tid, &wider, &now, &err), 0);
	assert_int_equal(undo_one(lab), UNDO_VOID);
}

static void test_task_policy(void **state)
{
	struct lab *lab = *state;
	struct sched_param p = { 0 };
	struct err err = { 0 };
	pid_t pid = idle_child();

	assert_int_equal(journal_policy(lab->j, pid, SCHED_OTHER, 0, SCHED_BATCH, 0, &err), 0);
	assert_int_equal(sched_setscheduler(pid, SCHED_BATCH, &p), 0);
	assert_int_equal(undo_one(lab), UNDO_DONE);
	assert_int_equal(sched_getscheduler(pid), SCHED_OTHER);
	assert_int_equal(journal_policy(lab->j, pid, SCHED_OTHER, 0, SCHED_BATCH, 0, &err), 0);
	assert_int_equal(sched_setscheduler(pid, SCHED_IDLE, &p), 0);
	assert_int_equal(undo_one(lab), UNDO_FOREIGN);
	assert_int_equal(sched_getscheduler(pid), SCHED_IDLE);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* A marked child that forks once more and lets its own parent die: only the mark leads to it. */
static pid_t marked_orphan(const struct lab *lab)
{
	char *mark = (char *) journal_mark(lab->j);
	char *env[] = { mark, NULL };
	char *argv[] = { (char *) "sleep", (char *) "600", NULL };
	int fds[2];
	pid_t pid, orphan = 0;

	assert_int_equal(pipe(fds), 0);
	pid = fork();
	if (pid == 0) {
		orphan = fork();
		if (orphan == 0) {
			close(fds[0]);
			fcntl(fds[1], F_SETFD, FD_CLOEXEC);
			execve("/bin/sleep", argv, env);
			_exit(127);
		}
		_exit(write(fds[1], &orphan, sizeof(orphan)) != sizeof(orphan));
	}
	close(fds[1]);
	assert_int_equal(read(fds[0], &orphan, sizeof(orphan)), sizeof(orphan));
	assert_int_equal(read(fds[0], &pid, 1), 0); /* end of file: exec has happened */
	close(fds[0]);
	waitpid(-1, NULL, 0);
	return orphan;
}

static void test_marked_processes_end(void **state)
{
	struct lab *lab = *state;
	pid_t stranger = idle_child(), orphan = marked_orphan(lab);
	struct err err = { 0 };

	assert_int_equal(journal_undo_to(lab->j, 0, &err), 0); /* the run goes on, its processes too */
	assert_int_equal(kill(orphan, 0), 0);
	assert_int_equal(journal_close(lab->j, &err), 0);
	for (int i = 0; kill(orphan, 0) == 0 && i < 500; i++)
		clock_sleep_ns(10 * NS_PER_MS); /* init has to reap it */
	assert_int_equal(kill(orphan, 0), -1);
	assert_int_equal(kill(stranger, 0), 0);
	kill(stranger, SIGKILL);
	waitpid(stranger, NULL, 0);
	assert_int_equal(journal_open(&lab->j, "again", &err), 0);
}

static void test_tree(void **state)
{
	struct lab *lab = *state;
	AUTO_FREE char *dir = in(lab, "tree"), *file = in(lab, "tree/file");
	struct err err = { 0 };

	assert_int_equal(journal_tree(lab->j, dir, &err), 0);
	assert_int_equal(mkdir(dir, 0700), 0);
	put(file, "x");
	assert_int_equal(undo_one(lab), UNDO_DONE);
	assert_int_equal(access(dir, F_OK), -1);
}

static void test_mount(void **state)
{
	struct lab *lab = *state;
	AUTO_FREE char *dir = in(lab, "mnt"), *file = in(lab, "mnt/file");
	struct err err = { 0 };

	assert_int_equal(mkdir(dir, 0700), 0);
	assert_int_equal(journal_mount(lab->j, dir, &err), 0);
	if (mount("vlat-test", dir, "tmpfs", 0, "size=64k") < 0) {
		print_message("cannot mount a tmpfs here (%s): not tried\n", strerror(errno));
		skip();
	}
	put(file, "x");
	assert_int_equal(undo_one(lab), UNDO_DONE);
	assert_int_equal(access(file, F_OK), -1);
}

static void test_command(void **state)
{
	struct lab *lab = *state;
	AUTO_FREE char *made = in(lab, "made by the command");
	struct undo_report report = { 0 };
	struct err err = { 0 };

	assert_int_equal(journal_command(lab->j, (const char *const[]){ "/bin/false", NULL }, &err), 0);
	assert_true(journal_undo_report(lab->j, 0, &report, &err) < 0);
	assert_int_equal(report.count[UNDO_FAILED], 1);
	undo_report_free(&report);
	lab->j = (journal_close(lab->j, &err), NULL); /* stays recorded; a new run for the second half */
	assert_int_equal(journal_open(&lab->j, "again", &err), 0);
	assert_int_equal(journal_command(lab->j, (const char *const[]){ "/usr/bin/touch", made, NULL }, &err), 0);
	assert_int_equal(undo_one(lab), UNDO_DONE);
	assert_int_equal(access(made, F_OK), 0);
}

/* Only for as long as what it is about is there. */
static void test_command_while(void **state)
{
	struct lab *lab = *state;
	AUTO_FREE char *made = in(lab, "made by the command"), *guard = in(lab, "guard");
	struct err err = { 0 };

	put(guard, "x");
	assert_int_equal(journal_command_while(lab->j, guard, (const char *const[]){ "/usr/bin/touch", made, NULL }, &err), 0);
	assert_int_equal(unlink(guard), 0);
	assert_int_equal(undo_one(lab), UNDO_SAME);
	assert_int_equal(access(made, F_OK), -1);
	put(guard, "x");
	assert_int_equal(journal_command_while(lab->j, guard, (const char *const[]){ "/usr/bin/touch", made, NULL }, &err), 0);
	assert_int_equal(undo_one(lab), UNDO_DONE);
	assert_int_equal(access(made, F_OK), 0);
}

static void test_close_removes_the_folder(void **state)
{
	struct lab *lab = *state;
	AUTO_FREE char *dir = xstrdup(journal_dir(lab->j));
	struct err err = { 0 };

	assert_true(strlen(journal_run(lab->j)) <= 8);
	assert_true(text_is_name(journal_run(lab->j)));
	assert_int_equal(access(dir, F_OK), 0);
	assert_int_equal(journal_close(lab->j, &err), 0);
	assert_int_equal(access(dir, F_OK), -1);
	assert_int_equal(journal_open(&lab->j, "again", &err), 0);
}

#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_value_put_back),
		T(test_value_never_written),
		T(test_value_foreign),
		T(test_value_half_filled_pool),
		T(test_value_half_filled_pool_is_ours),
		T(test_value_by_meaning),
		T(test_value_controller),
		T(test_value_controller_gone),
		T(test_value_kernel_kept_its_own),
		T(test_value_gone),
		T(test_reverse_order),
		T(test_batch_is_written_once),
		T(test_bad_paths_are_refused),
		T(test_task_affinity),
		T(test_task_bound_since),
		T(test_task_policy),
		T(test_marked_processes_end),
		T(test_tree),
		T(test_mount),
		T(test_command),
		T(test_command_while),
		T(test_close_removes_the_folder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
