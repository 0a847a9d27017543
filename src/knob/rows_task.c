/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows: nobody on the isolated CPUs who was not put there.
 *
 * Ordinary tasks are confined by cpuset groups where the machine lets us,
 * because only a group holds what is forked later.  Three ways, the first that
 * this machine offers:
 *
 *  v2, from 6.8   vlat-RUN, with exclusive CPUs, and in it vlat-RUN/iso as an
 *                 isolated partition: every other group, the root included,
 *                 loses those CPUs at once.  The groups are threaded, so the
 *                 emulator of a VM can stay in vlat-RUN while its vCPUs are in
 *                 vlat-RUN/iso.
 *  v2, older      the other top groups get cpuset.cpus = housekeeping, tasks of
 *                 the root group move to vlat-RUN.hk, vlat-RUN.sut keeps all.
 *                 systemd switches off, at its next reload or set-property, a
 *                 controller of the root that no unit of its own needs, and the
 *                 groups' CPUs go with it.  The kernel refuses that while a child
 *                 passes the controller on (EBUSY), as systemd knows: vlat-RUN.hk
 *                 does, though nothing is below it.  The first way passes it on
 *                 anyhow.
 *  v1             the same with the cpuset hierarchy of v1, where groups need
 *                 their memory nodes set before a task may enter.
 *
 * Else each task's affinity is set, which new tasks inherit from their parents
 * but whoever asks for all CPUs escapes.  Kernel threads obey affinity only.
 */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "base/vec.h"
#include "knob/internal.h"
#include "knob/look.h"

/* v2: the file appears, empty, when the controller is switched on by an earlier setting of this knob. */
static struct setting *list_group_cpus(const struct knob_ctx *c, const char *path, const char *want, struct settings *out)
{
	struct setting *s = list_value(c, out, path, VALUE_CPULIST, want);

	if (!s) {
		s = settings_add(out, SETTING_VALUE, path);
		s->form = VALUE_CPULIST;
		s->before = xstrdup("");
		s->after = xstrdup(want);
	}
	return s;
}

/* Only groups that now may use an isolated CPU; an empty cpuset.cpus (v2) means the parent's. */
static void confine_group(const struct knob_ctx *c, const char *dir, const char *name, struct settings *out)
{
	char path[256], want[VALUE_MAX];
	struct cpuset now, keep;
	struct setting *s;

	if (text_print(path, sizeof(path), "%s/cpuset.cpus", dir))
		return;
	if (fs_read_cpulist(c->fs, path, &now) < 0 || cpuset_empty(&now))
		now = c->facts->cpu.online;
	keep = cpuset_minus(&now, &c->split->isolated);
	if (cpuset_equal(&keep, &now))
		return;
	if (cpuset_empty(&keep))
		keep = c->split->housekeeping;
	s = list_group_cpus(c, path, cpuset_list(&keep, want, sizeof(want)), out);
	text_print(s->target, sizeof(s->target), "group %s", name);
}

static bool is_group(const struct knob_ctx *c, const char *dir)
{
	return fs_existsf(c->fs, "%s/cgroup.procs", dir);
}

/* v1: a group's CPUs must hold those of its children, so the deepest go first. */
static void confine_below(const struct knob_ctx *c, const char *dir, const char *name, unsigned depth, struct settings *out)
{
	struct fs_names names;

	if (depth > 8 || fs_list(c->fs, dir, &names) < 0)
		return;
	for (size_t i = 0; i < names.n; i++) {
		char child[256], shown[256];

		if (text_starts(names.at[i], "vlat-") || text_print(child, sizeof(child), "%s/%s", dir, names.at[i]) ||
		    text_print(shown, sizeof(shown), "%s/%s", name, names.at[i]) || !is_group(c, child))
			continue; /* groups of vlat hold what is measured */
		if (c->facts->cgroup.cpuset.version == 1)
			confine_below(c, child, shown, depth + 1, out);
		confine_group(c, child, shown, out);
	}
	fs_list_free(&names);
}

/* TODO, or BLOCKED when the hierarchy cannot be written. */
static struct setting *add_group(const struct knob_ctx *c, struct settings *out, const char *name, char *lines)
{
	const struct cgroup_home *home = &c->facts->cgroup.cpuset;
	struct setting *s = settings_add(out, SETTING_GROUP, NULL);

	s->path = xprintf("%s/%s", home->dir, name);
	s->before = xstrdup("absent");
	s->after = lines;
	text_print(s->target, sizeof(s->target), "group %s", name);
	return s;
}

static void add_move(const struct knob_ctx *c, struct settings *out, const char *name)
{
	const char *dir = c->facts->cgroup.cpuset.dir;
	struct setting *s = settings_add(out, SETTING_MOVE, NULL);
	char list[VALUE_MAX];

	s->path = xprintf("%s/%s", dir, name);
	s->before = xstrdup(dir);
	s->after = xprintf("CPUs %s", ctx_house_list(c, list, sizeof(list)));
	text_print(s->target, sizeof(s->target), "ordinary tasks of the root group");
}

static void list_v1(const struct knob_ctx *c, struct settings *out)
{
	const char *dir = c->facts->cgroup.cpuset.dir;
	char house[VALUE_MAX], all[VALUE_MAX], mems[256], name[64];

	if (fs_readf(c->fs, mems, sizeof(mems), "%s/cpuset.mems", dir) < 0 || !mems[0])
		text_print(mems, sizeof(mems), "0");
	ctx_house_list(c, house, sizeof(house));
	cpuset_list(&c->facts->cpu.online, all, sizeof(all));
	text_print(name, sizeof(name), "vlat-%s.sut", c->run);
	add_group(c, out, name, xprintf("cpuset.mems %s\ncpuset.cpus %s\n", mems, all));
	text_print(name, sizeof(name), "vlat-%s.hk", c->run);
	add_group(c, out, name, xprintf("cpuset.mems %s\ncpuset.cpus %s\n", mems, house));
	confine_below(c, dir, "", 0, out);
	add_move(c, out, name);
}

/* The cpuset controller for the groups below the root. */
static void need_controller(const struct knob_ctx *c, struct settings *out)
{
	const char *dir = c->facts->cgroup.cpuset.dir;
	char path[200], now[256];
	struct setting *s;

	text_print(path, sizeof(path), "%s/cgroup.subtree_control", dir);
	if (fs_read(c->fs, path, now, sizeof(now)) < 0)
		return;
	for (char *word = now, *end; *word; word = end + (*end == ' ')) {
		end = word + strcspn(word, " ");
		if ((size_t) (end - word) == strlen("cpuset") && strncmp(word, "cpuset", strlen("cpuset")) == 0)
			return;
	}
	s = list_value(c, out, path, VALUE_CONTROLLERS, "+cpuset");
	if (s)
		text_print(s->target, sizeof(s->target), "cpuset control for groups");
}

static void list_v2_partition(const struct knob_ctx *c, struct settings *out)
{
	char iso[VALUE_MAX], name[64], inner[80];

	ctx_iso_list(c, iso, sizeof(iso));
	text_print(name, sizeof(name), "vlat-%s", c->run);
	text_print(inner, sizeof(inner), "vlat-%s/iso", c->run);
	add_group(c, out, name, xprintf("cpuset.cpus.exclusive %s\ncgroup.subtree_control +cpuset\n", iso));
	add_group(c, out, inner,
		  xprintf("cgroup.type threaded\ncpuset.cpus %s\ncpuset.cpus.exclusive %s\ncpuset.cpus.partition isolated\n", iso,
			  iso));
}

/* Where systemd runs, as sd_booted(3) tells. */
static const char *keep_controller(const struct knob_ctx *c)
{
	return fs_existsf(c->fs, "run/systemd/system") ? "cgroup.subtree_control +cpuset\n" : "";
}

static void list_v2_confined(const struct knob_ctx *c, struct settings *out)
{
	const char *dir = c->facts->cgroup.cpuset.dir;
	char house[VALUE_MAX], name[64];

	ctx_house_list(c, house, sizeof(house));
	text_print(name, sizeof(name), "vlat-%s.sut", c->run);
	add_group(c, out, name, xstrdup(""));
	text_print(name, sizeof(name), "vlat-%s.hk", c->run);
	add_group(c, out, name, xprintf("cpuset.cpus %s\n%s", house, keep_controller(c)));
	confine_below(c, dir, "", 0, out);
	add_move(c, out, name);
}

static int list_partition(const struct knob *k, const struct knob_ctx *c, struct settings *out, struct err *err)
{
	const struct cgroup_home *home = &c->facts->cgroup.cpuset;

	(void) k;
	(void) err;
	if (home->version == 0) {
		list_absent(out, "cpuset control groups", "this machine has none mounted: affinities are used instead");
		return 0;
	}
	if (!home->writable) {
		list_blocked(out, "cpuset control groups", "/%.120s is mounted read-only: affinities are used instead",
			     home->dir);
		return 0;
	}
	if (home->version == 1) {
		list_v1(c, out);
		return 0;
	}
	need_controller(c, out);
	if (!c->plain_groups && fs_existsf(c->fs, "%s/cpuset.cpus.isolated", home->dir))
		list_v2_partition(c, out);
	else
		list_v2_confined(c, out);
	return 0;
}

const struct knob knob_iso_partition = {
	.id = "iso.partition",
	.title = "ordinary tasks stay off the isolated CPUs",
	.why = "whatever runs there makes the measured thread wait, or takes its caches; a control group also holds what is "
	       "forked later",
	.cost = "everything else shares the housekeeping CPUs",
	.risk = "a task that somebody pinned to an isolated CPU runs elsewhere until the tuning is reverted",
	.source = "Documentation/admin-guide/cgroup-v2.rst, cpuset; cgroup-v1/cpusets.rst",
	.unit = "groups",
	.first = true,
	ROLES(W("*", 8), W("*", 6), W("*", 7), W("*", 8)),
	.check = check_partition,
	.cure = "let vlat make one while it runs (tuning level vlat), or systemctl set-property --runtime system.slice "
		"AllowedCPUs=@house, likewise for user.slice and init.scope, and a cpuset partition for @iso",
	.dispute = "OpenShift and SEAPATH isolate at boot (isolcpus=); the kernel documents that as deprecated in favour of "
		   "cpusets, and only a partition can be undone without a boot: vlat wants the partition and counts isolcpus= "
		   "as one",
	.order = ORDER_GROUP,
	.list = list_partition,
};

/* Where it may run now without the isolated CPUs, or all of housekeeping. */
static struct cpuset moved(const struct knob_ctx *c, const struct cpuset *now)
{
	struct cpuset rest = cpuset_minus(now, &c->split->isolated);

	return cpuset_empty(&rest) ? cpuset_and(&c->split->housekeeping, &c->facts->cpu.online) : rest;
}

static void list_task(const struct knob_ctx *c, const struct task_fact *t, struct settings *out)
{
	struct cpuset touched = cpuset_and(&t->allowed, &c->split->isolated), want;
	char list[VALUE_MAX];
	struct setting *s;

	if (cpuset_empty(&touched))
		return;
	want = moved(c, &t->allowed);
	s = settings_add(out, SETTING_TASK, NULL);
	s->form = VALUE_CPULIST;
	s->tid = t->stat.tid;
	s->start = t->stat.start_time;
	s->before = xstrdup(cpuset_list(&t->allowed, list, sizeof(list)));
	s->after = xstrdup(cpuset_list(&want, list, sizeof(list)));
	text_print(s->target, sizeof(s->target), "task %d (%s)", (int) t->stat.tid, t->stat.comm);
}

typedef bool task_wanted_fn(const struct knob_ctx *c, const struct task_fact *t);

static int list_tasks(const struct knob_ctx *c, task_wanted_fn *wanted, struct settings *out, struct err *err)
{
	struct task_facts own = { 0 };
	const struct task_facts *tasks = &own;
	int r = c->auditing ? 0 : task_facts_read(c->fs, &own, err);

	if (r < 0)
		return r;
	if (c->auditing)
		tasks = look_tasks(c);
	for (size_t i = 0; i < tasks->n; i++) {
		if (wanted(c, &tasks->at[i]))
			list_task(c, &tasks->at[i], out);
	}
	task_facts_free(&own);
	return 0;
}

/* Threads of interrupts follow their interrupt; per-CPU ones are not movable. */
static bool kernel_task(const struct knob_ctx *c, const struct task_fact *t)
{
	return task_is_kernel(t) && task_is_movable(t) && !text_starts(t->stat.comm, "irq/") && !ctx_left_alone(c, t);
}

static int list_kernel_tasks(const struct knob *k, const struct knob_ctx *c, struct settings *out, struct err *err)
{
	int r = list_tasks(c, kernel_task, out, err);

	(void) k;
	if (r == 0 && out->n == 0) {
		settings_add(out, SETTING_GIVEN, NULL)->state = SETTING_SAME;
		text_print(out->at[0].target, sizeof(out->at[0].target), "all movable kernel threads");
	}
	return r;
}

const struct knob knob_iso_kthread_affinity = {
	.id = "iso.kthread_affinity",
	.title = "movable kernel threads on housekeeping CPUs",
	.why = "kswapd, kcompactd, RCU and journal threads run wherever they are woken, and kthreadd hands its CPUs to new ones",
	.cost = "none",
	.source = "Documentation/admin-guide/kernel-per-CPU-kthreads.rst",
	.unit = "kernel threads",
	EVERY_ROLE("*", 5),
	.order = ORDER_TASK,
	.list = list_kernel_tasks,
};

/* A real-time thread pinned inside the isolated CPUs is somebody's latency work: not ours to move. */
static bool user_task(const struct knob_ctx *c, const struct task_fact *t)
{
	return !task_is_kernel(t) && task_is_movable(t) && !ctx_left_alone(c, t) &&
	       !(task_is_realtime(t) && cpuset_within(&t->allowed, &c->split->isolated));
}

static int list_user_tasks(const struct knob *k, const struct knob_ctx *c, struct settings *out, struct err *err)
{
	int r = 0;

	(void) k;
	if (!c->grouped || c->applying)
		r = list_tasks(c, user_task, out, err);
	if (r == 0 && out->n == 0) {
		settings_add(out, SETTING_GIVEN, NULL)->state = SETTING_SAME;
		text_print(out->at[0].target, sizeof(out->at[0].target), "%s",
			   c->grouped ? "all tasks, by iso.partition" : "all tasks");
	}
	return r;
}

const struct knob knob_sch_task_affinity = {
	.id = "sch.task_affinity",
	.title = "ordinary tasks are moved one by one",
	.why = "for what control groups do not hold: an ordinary task on an isolated CPU makes the measured thread wait",
	.cost = "a task that asks for all CPUs again comes back",
	.source = "sched_setaffinity(2)",
	.unit = "tasks",
	ROLES(W("*", 7), W("*", 5), W("*", 6), W("*", 7)),
	.cure = "confine them by control group (iso.partition), or taskset -acp @house PID",
	.order = ORDER_TASK + 1,
	.list = list_user_tasks,
};

const struct knob knob_iso_unbound_wq = {
	.id = "iso.unbound_wq",
	.title = "unbound kernel workers on housekeeping CPUs",
	.why = "work that any CPU may do (file systems, block devices, drivers) is otherwise done on isolated ones too",
	.cost = "such work has fewer CPUs",
	.risk = "on a busy network host the change itself was seen to stall traffic for a moment",
	.source = "Documentation/core-api/workqueue.rst; kernel/workqueue.c",
	EVERY_ROLE("*", 5),
	.dispute = "tuned and OpenShift write the mask live, SEAPATH keeps all CPUs since a live change froze its network "
		   "once; vlat writes it before a measurement, and on a busy cluster node workqueue.unbound_cpus= at boot is "
		   "the safer way",
	.order = ORDER_GROUP - 1, /* a partition takes its CPUs out of the mask itself: found and given back without it */
	.first = true,
	FILES({ .path = "sys/devices/virtual/workqueue/cpumask", .form = VALUE_CPUMASK, .want = "@house" }),
};

/* Every queue that shows a mask of its own: writeback, drivers'. */
static int list_workqueues(const struct knob *k, const struct knob_ctx *c, struct settings *out, struct err *err)
{
	static const char dir[] = "sys/devices/virtual/workqueue";
	char house[VALUE_MAX], path[200];
	struct fs_names names;

	(void) k;
	(void) err;
	cpuset_mask(&c->split->housekeeping, c->facts->cpu.n_possible, house, sizeof(house));
	if (fs_list(c->fs, dir, &names) < 0) {
		list_absent(out, "work queues", "this kernel shows none");
		return 0;
	}
	for (size_t i = 0; i < names.n; i++) {
		struct setting *s;

		if (text_starts(names.at[i], "cpumask") || text_print(path, sizeof(path), "%s/%s/cpumask", dir, names.at[i]))
			continue;
		s = list_value(c, out, path, VALUE_CPUMASK, house);
		if (s)
			text_print(s->target, sizeof(s->target), "queue %s", names.at[i]);
	}
	fs_list_free(&names);
	if (out->n == 0)
		list_absent(out, "work queues", "none has a mask of its own");
	return 0;
}

const struct knob knob_iso_wq_each = {
	.id = "iso.wq_each",
	.title = "work queues with a mask of their own too",
	.why = "write-back of dirty pages is the classic offender",
	.cost = "such work has fewer CPUs",
	.source = "Documentation/core-api/workqueue.rst",
	.unit = "queues",
	EVERY_ROLE("*", 4),
	.order = ORDER_WORKQUEUE + 1,
	.list = list_workqueues,
};
