/* SPDX-License-Identifier: Apache-2.0 */
/* Applying and taking back: on a machine in a folder, where only files exist, and shortly on the one we run on. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "../../hosts/compare.h"
#include "../../hosts/tree.h"
#include "base/proc_stat.h"
#include "host/task.h"
#include "tune/confine.h"
#include "tune/internal.h"
#include "tune/plan.h"

struct lab {
	char dir[64], original[64], state[80];
	struct fs fs, untouched;
	struct host_facts facts;
	struct cpu_split split;
	struct journal *j;
	struct plan *p;
};

static int set_up(void **state)
{
	struct lab *lab = xalloc(1, sizeof(*lab));
	struct err err = { 0 };

	unsetenv("VLAT_LEAVE_ALONE");
	tree_open("two-cpu-vm", lab->dir, &lab->fs);
	tree_open("two-cpu-vm", lab->original, &lab->untouched);
	text_print(lab->state, sizeof(lab->state), "%s.state", lab->dir);
	setenv("VLAT_STATE", lab->state, 1);
	if (host_facts_read(&lab->fs, &lab->facts, &err) < 0 || journal_open(&lab->j, "unit test", &err) < 0)
		return -1;
	split_propose(&lab->facts.cpu, &lab->split);
	if (plan_make(&lab->p, &lab->fs, &lab->facts, &lab->split, NULL, &err) < 0)
		return -1;
	*state = lab;
	return 0;
}

static int tear_down(void **state)
{
	struct lab *lab = *state;
	struct err err = { 0 };

	plan_free(lab->p);
	journal_close(lab->j, &err);
	host_facts_free(&lab->facts);
	tree_close(lab->dir, &lab->fs);
	tree_close(lab->original, &lab->untouched);
	dir_remove_all(lab->state);
	free(lab);
	return 0;
}

static void put(struct lab *lab, const char *path, const char *text)
{
	assert_int_equal(fs_write(&lab->fs, path, text), 0);
}

static void holds(struct lab *lab, const char *path, const char *want)
{
	char now[128];

	assert_true(fs_read(&lab->fs, path, now, sizeof(now)) >= 0);
	assert_string_equal(now, want);
}

static void apply(struct lab *lab)
{
	struct err err = { 0 };

	if (plan_apply(lab->p, lab->j, &err) < 0)
		fail_msg("%s", err.text);
}

static void test_there_and_back(void **state)
{
	struct lab *lab = *state;
	struct err err = { 0 };

	for (int i = 0; i < 3; i++) {
		apply(lab);
		holds(lab, "proc/sys/kernel/timer_migration", "0");
		holds(lab, "proc/irq/36/smp_affinity_list", "0");
		holds(lab, "sys/devices/virtual/workqueue/cpumask", "1");
		holds(lab, "sys/kernel/mm/transparent_hugepage/enabled", "madvise");
		assert_int_equal(plan_verify(lab->p, &err), 0);
		assert_int_equal(plan_revert(lab->p, &err), 0);
		assert_int_equal(compare_trees(lab->original, lab->dir), 0);
	}
}

/* From then on what reads otherwise is somebody else's: the journal on disk says so. */
static void test_done_is_noted(void **state)
{
	struct lab *lab = *state;
	AUTO_FREE char *path = xprintf("%s/journal", journal_dir(lab->j)), *text = NULL;
	struct err err = { 0 };

	apply(lab);
	assert_int_equal(file_read_all(path, 1 << 20, &text, NULL, &err), 0);
	assert_non_null(strstr(text, "\n{\"done\":"));
	assert_int_equal(plan_revert(lab->p, &err), 0);
}

static void test_twice_is_refused(void **state)
{
	struct lab *lab = *state;
	struct err err = { 0 };

	assert_int_equal(plan_verify(lab->p, &err), -EINVAL);
	assert_int_equal(plan_revert(lab->p, &err), 0); /* nothing to do */
	apply(lab);
	assert_int_equal(plan_apply(lab->p, lab->j, &err), -EALREADY);
	assert_int_equal(plan_revert(lab->p, &err), 0);
}

static void test_somebody_changes_it(void **state)
{
	struct lab *lab = *state;
	struct sink out = { 0 };
	struct err err = { 0 };

	apply(lab);
	put(lab, "proc/sys/vm/stat_interval", "7\n");
	put(lab, "sys/devices/virtual/workqueue/cpumask", "00000001\n"); /* the same mask */
	assert_int_equal(plan_verify(lab->p, &err), 1);
	plan_text(lab->p, &out);
	assert_non_null(strstr(out.text, "Changed by somebody since\n  iso.stat_interval"));
	assert_non_null(strstr(out.text, "is 7 now"));
	sink_free(&out);
	assert_int_equal(plan_revert(lab->p, &err), 0);
	holds(lab, "proc/sys/vm/stat_interval", "7");
	put(lab, "proc/sys/vm/stat_interval", "1\n");
	assert_int_equal(compare_trees(lab->original, lab->dir), 0);
}

/* The plan is old when it is applied: what is there then counts. */
static void test_old_plan(void **state)
{
	struct lab *lab = *state;
	struct err err = { 0 };

	put(lab, "proc/sys/vm/stat_interval", "5\n");
	apply(lab);
	holds(lab, "proc/sys/vm/stat_interval", "120");
	assert_int_equal(plan_revert(lab->p, &err), 0);
	holds(lab, "proc/sys/vm/stat_interval", "5");
}

/* The device behind an interrupt's number is another one by now. */
static void test_device_replaced(void **state)
{
	struct lab *lab = *state;
	AUTO_FREE char *handler = xprintf("%s/proc/irq/36/virtio1-req.0", lab->dir);
	struct err err = { 0 };

	apply(lab);
	assert_int_equal(rmdir(handler), 0);
	assert_int_equal(plan_revert(lab->p, &err), 0);
	holds(lab, "proc/irq/36/smp_affinity_list", "0");
	holds(lab, "proc/irq/24/smp_affinity_list", "0-1");
}

/* A journal that cannot be written stops the whole thing before anything is changed. */
static void test_no_journal_no_change(void **state)
{
	struct lab *lab = *state;
	struct rlimit old, tight = { 0 };
	struct err err = { 0 };

	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	tight.rlim_max = old.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &tight), 0);
	assert_true(plan_apply(lab->p, lab->j, &err) < 0);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	assert_non_null(strstr(err.text, "journal"));
	assert_int_equal(compare_trees(lab->original, lab->dir), 0);
	apply(lab);
	assert_int_equal(plan_revert(lab->p, &err), 0);
	assert_int_equal(compare_trees(lab->original, lab->dir), 0);
}

static const struct setting *setting_of(const struct plan *p, const char *knob)
{
	const struct step *s = plan_step(p, knob);

	assert_non_null(s);
	assert_true(s->settings.n > 0);
	return &s->settings.at[0];
}

/* On a CPU that is set apart already the kernel would warn: first the server, then the partition. */
static void test_fair_server_before_groups(void **state)
{
	struct lab *lab = *state;
	const char *file = "sys/kernel/debug/sched/fair_server/cpu1/runtime";
	struct err err = { 0 };

	tree_put(lab->dir, file, "50000000\n");
	apply(lab);
	holds(lab, file, "0");
	assert_int_equal(setting_of(lab->p, "sch.fair_server")->state, SETTING_DONE);
	assert_true(plan_step(lab->p, "sch.fair_server") < plan_step(lab->p, "iso.partition"));
	put(lab, file, "7\n");
	assert_int_equal(plan_verify(lab->p, &err), 1); /* still known to be ours after the second pass */
	put(lab, file, "0\n");
	assert_int_equal(plan_revert(lab->p, &err), 0);
	holds(lab, file, "50000000");
}

/* Something has gone between plan and apply: what is not there is not done, the rest is. */
static void test_file_vanishes(void **state)
{
	struct lab *lab = *state;
	AUTO_FREE char *file = xprintf("%s/proc/sys/vm/stat_interval", lab->dir);
	struct err err = { 0 };

	assert_int_equal(setting_of(lab->p, "iso.stat_interval")->state, SETTING_TODO);
	assert_int_equal(unlink(file), 0);
	apply(lab);
	assert_int_equal(setting_of(lab->p, "iso.stat_interval")->state, SETTING_ABSENT);
	holds(lab, "proc/sys/kernel/timer_migration", "0");
	assert_int_equal(plan_revert(lab->p, &err), 0);
	assert_int_equal(access(file, F_OK), -1);
	tree_put(lab->dir, "proc/sys/vm/stat_interval", "1\n");
	assert_int_equal(compare_trees(lab->original, lab->dir), 0);
}

/* In a child, since it is for good: 0, or what was not as it should be. */
static int confined(struct plan *p, const char *state, const char *outside)
{
	AUTO_FREE char *inside = xprintf("%s/file", state);
	struct err err = { 0 };
	char buf[8];
	int r = plan_confine(p, state, &err), fd;

	if (r == -EOPNOTSUPP) {
		print_message("%s: not tried\n", err.text);
		return 77;
	}
	if (r < 0)
		return 1;
	fd = open(outside, O_WRONLY);
	if (fd >= 0 || errno != EACCES)
		return 2;
	if (open("/etc/vlat-must-not-be", O_WRONLY | O_CREAT, 0600) >= 0 || errno != EACCES)
		return 3;
	fd = open(outside, O_RDONLY);
	if (fd < 0 || read(fd, buf, 1) != 1)
		return 4;
	if (open(inside, O_WRONLY | O_CREAT, 0600) < 0)
		return 5;
	if (open("/proc/sys/kernel/core_pattern", O_WRONLY) >= 0 || errno != EACCES)
		return 6;                                             /* in one folder with files that the knob table names */
	return open("/proc/sys/vm/swappiness", O_WRONLY) < 0 ? 7 : 0; /* the knob table names it */
}

static void test_confined(void **state)
{
	static const char *const only[] = { "iso.stat_interval", NULL };
	const struct plan_options o = { .only = only };
	struct lab *lab = *state;
	AUTO_FREE char *outside = xprintf("%s/proc/sys/vm/stat_interval", lab->dir);
	struct err err = { 0 };
	int status;
	pid_t pid;

	if (geteuid() != 0) {
		print_message("needs root: not tried\n");
		skip();
	}
	plan_free(lab->p);
	assert_int_equal(plan_make(&lab->p, &lab->fs, &lab->facts, &lab->split, &o, &err), 0);
	pid = fork();
	if (pid == 0)
		_exit(confined(lab->p, lab->state, outside));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77)
		skip();
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* Everything about every task that a tuning could change, kernel workers excepted: they come and go. */
static struct task_facts all_tasks(const struct fs *fs)
{
	struct task_facts t;
	struct err err = { 0 };

	assert_int_equal(task_facts_read(fs, &t, &err), 0);
	return t;
}

static void same_affinities(const struct task_facts *before, const struct task_facts *after)
{
	for (size_t i = 0; i < before->n; i++) {
		for (size_t k = 0; k < after->n; k++) {
			const struct task_fact *a = &before->at[i], *b = &after->at[k];

			if (a->stat.tid != b->stat.tid || a->stat.start_time != b->stat.start_time || !task_is_movable(a))
				continue;
			if (!cpuset_equal(&a->allowed, &b->allowed))
				fail_msg("task %d (%s) may run elsewhere than before", (int) a->stat.tid, a->stat.comm);
		}
	}
}

static bool can_tune_here(const struct host_facts *f, const struct cpu_split *split)
{
	if (geteuid() != 0)
		print_message("needs root: not tried\n");
	else if (!split->possible)
		print_message("%s: not tried\n", split->why);
	else if (getenv("VLAT_TEST_NO_LIVE"))
		print_message("VLAT_TEST_NO_LIVE is set: this machine is not to be touched\n");
	else
		return f != NULL;
	return false;
}

/* While applied: a child of ours may not run on isolated CPUs, until it joins the group of its role. */
static void check_effect(struct plan *p, const struct cpu_split *split)
{
	struct placement place;
	struct cpuset now;
	struct err err = { 0 };
	int policy;

	plan_placement(p, &place);
	assert_int_equal(cpuset_get_affinity(0, &now), 0);
	now = cpuset_and(&now, &split->isolated);
	assert_true(cpuset_empty(&now));
	if (placement_put(&place, PLACE_SUT, getpid(), &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(cpuset_get_affinity(0, &now), 0);
	assert_true(cpuset_within(&now, &split->isolated));
	policy = sched_getscheduler(0);
	sched_setscheduler(0, SCHED_OTHER, &(struct sched_param){ 0 });
	assert_int_equal(policy, SCHED_FIFO);
}

static void test_live_round_trip(void **state)
{
	/* Values of the whole machine are left out: other people's measurements may run on it. */
	static const char *const only[] = { "iso.partition",   "iso.kthread_affinity", "sch.task_affinity",
					    "sch.vcpu_policy", "vm.thread_pin",        NULL };
	static const char *const spare[] = { "1", NULL };
	const char *named = getenv("VLAT_TEST_LEAVE_ALONE");
	const char *const leave[] = { "1", named ? named : "1", NULL };
	struct plan_options o = { .only = only, .leave_alone = named ? leave : spare };
	struct task_facts before, after;
	struct host_facts facts;
	struct cpu_split split;
	struct cpuset own;
	struct journal *j;
	struct plan *p;
	struct err err = { 0 };
	int lease = -1;
	struct fs fs;

	(void) state;
	/* Before the first look: what another vlat tunes meanwhile is none of this test's business. */
	if (lease_take(&lease, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(fs_open_root(&fs, "/", &err), 0);
	assert_int_equal(host_facts_read(&fs, &facts, &err), 0);
	split_propose(&facts.cpu, &split);
	if (!can_tune_here(&facts, &split)) {
		host_facts_free(&facts);
		fs_close(&fs);
		close(lease);
		skip();
	}
	assert_int_equal(cpuset_get_affinity(0, &own), 0);
	before = all_tasks(&fs);
	assert_int_equal(journal_open(&j, "unit test", &err), 0);
	assert_int_equal(plan_make(&p, &fs, &facts, &split, &o, &err), 0);
	p->lease = lease;
	if (plan_apply(p, j, &err) < 0)
		fail_msg("%s", err.text);
	p->lease = -1; /* kept until the last look */
	check_effect(p, &split);
	if (plan_revert(p, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(cpuset_set_affinity(0, &own), 0);
	after = all_tasks(&fs);
	same_affinities(&before, &after);
	plan_free(p);
	if (journal_close(j, &err) < 0)
		fail_msg("%s", err.text);
	task_facts_free(&before);
	task_facts_free(&after);
	host_facts_free(&facts);
	fs_close(&fs);
	close(lease);
}

#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_there_and_back),
		T(test_twice_is_refused),
		T(test_done_is_noted),
		T(test_somebody_changes_it),
		T(test_old_plan),
		T(test_device_replaced),
		T(test_no_journal_no_change),
		T(test_live_round_trip),
		T(test_file_vanishes),
		T(test_confined),
		T(test_fair_server_before_groups),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
