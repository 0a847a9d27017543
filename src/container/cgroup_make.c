/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Groups, and the real-time budget in them.
 *
 * With CONFIG_RT_GROUP_SCHED on v1, a new group of the cpu controller may run
 * no real-time thread at all: cpu.rt_runtime_us is 0, and sched_setscheduler()
 * gives EPERM whatever the capabilities.  What the children of a group hold
 * may not add up to more than it has itself, so every group on the way down
 * needs a budget.  On v2 the same kernel has no file to give one with:
 * real-time threads live in the root group or nowhere.
 * Documentation/scheduler/sched-rt-group.rst
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "container/cgroup.h"

/* The next longer prefix of "/a/b/c" after `len` bytes: "/a", "/a/b", "/a/b/c"; 0 at the end. */
static size_t next_prefix(const char *path, size_t len)
{
	if (!path[len])
		return 0;
	len++;
	return len + strcspn(path + len, "/");
}

/* Call fn for every group of the path in every hierarchy, from the top down. */
static int each_group(const struct cgroups *c, const char *path,
		      int (*fn)(const struct cgroup_mount *, const char *, void *, struct err *), void *arg, struct err *err)
{
	char dir[PATH_MAX];

	for (size_t i = 0; i < c->n; i++) {
		for (size_t len = 0; (len = next_prefix(path, len));) {
			int r;

			if (text_print(dir, sizeof(dir), "%s%.*s", c->mount[i].path, (int) len, path))
				return err_set(err, -ENAMETOOLONG, "the control group %.64s has too long a name", path);
			r = fn(&c->mount[i], dir, arg, err);
			if (r < 0)
				return r;
		}
	}
	return 0;
}

static int note_group(const struct cgroup_mount *m, const char *dir, void *arg, struct err *err)
{
	(void) m;
	return access(dir, F_OK) == 0 ? 0 : journal_cgroup(arg, dir, err);
}

int cgroups_note(const struct cgroups *c, struct journal *j, const char *path, struct err *err)
{
	return each_group(c, path, note_group, j, err);
}

static int read_text(const char *dir, const char *name, char *buf, size_t cap)
{
	char path[PATH_MAX];
	AUTO_CLOSE int fd = -1;
	ssize_t n;

	if (text_print(path, sizeof(path), "%s/%s", dir, name))
		return -ENAMETOOLONG;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, buf, cap - 1);
	if (n < 0)
		return -errno;
	buf[n] = '\0';
	buf[strcspn(buf, "\n")] = '\0';
	return 0;
}

static int write_text(const char *dir, const char *name, const char *text, struct err *err)
{
	char path[PATH_MAX];
	AUTO_CLOSE int fd = -1;

	if (text_print(path, sizeof(path), "%s/%s", dir, name))
		return err_set(err, -ENAMETOOLONG, "the name of %.64s is too long", dir);
	fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		return err_sys(err, -errno, "cannot write \"%s\" to %s", text, path);
	return 0;
}

static int fill_cpuset(const char *dir, struct err *err)
{
	static const char *const files[] = { "cpuset.cpus", "cpuset.mems" };
	char up[PATH_MAX], text[4096];

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		int r;

		if (read_text(dir, files[i], text, sizeof(text)) < 0 || text[0])
			continue;
		if (text_print(up, sizeof(up), "%s/..", dir))
			return err_set(err, -ENAMETOOLONG, "the name of %.64s is too long", dir);
		r = read_text(up, files[i], text, sizeof(text));
		if (r < 0)
			return err_sys(err, r, "cannot read %s/%s", up, files[i]);
		r = write_text(dir, files[i], text, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int make_group(const struct cgroup_mount *m, const char *dir, void *arg, struct err *err)
{
	const struct cgroups *c = arg;

	if (m->v2 && c->layout == CGROUP_HYBRID)
		return 0; /* who would put something in there? */
	if (mkdir(dir, 0755) < 0)
		return errno == EEXIST ? 0 : err_sys(err, -errno, "cannot make the control group %s", dir);
	return m->v2 ? 0 : fill_cpuset(dir, err);
}

/* "/a/b/c" -> "/a/b" */
static int path_above(const char *path, char *buf, size_t cap, struct err *err)
{
	const char *end = strrchr(path, '/');

	if (!end || end == path || text_print(buf, cap, "%.*s", (int) (end - path), path))
		return err_set(err, -EINVAL, "the control group \"%.64s\" has none above it, or too long a name", path);
	return 0;
}

int cgroups_make(const struct cgroups *c, const char *path, struct err *err)
{
	struct cgroups copy = *c;
	char above[256];
	int r = path_above(path, above, sizeof(above), err);

	return r < 0 ? r : each_group(c, above, make_group, &copy, err);
}

/*
 * A runtime switches every controller on in the root group when it first makes
 * a group, and leaves it so.  Done beforehand it is in the journal.
 */
static int enable_all(const char *root, struct journal *j, struct err *err)
{
	char available[512], before[512], path[128], *words = available, *word;
	struct journal_value v = { .path = path, .form = VALUE_CONTROLLERS, .before = before, .after = available };
	int r;

	if (read_text(root, "cgroup.controllers", available, sizeof(available)) < 0 ||
	    read_text(root, "cgroup.subtree_control", before, sizeof(before)) < 0 ||
	    value_same(VALUE_CONTROLLERS, before, available))
		return 0;
	if (text_print(path, sizeof(path), "%s/cgroup.subtree_control", root))
		return err_set(err, -ENAMETOOLONG, "the name of %.64s is too long", root);
	r = journal_value(j, &v, err);
	if (r < 0)
		return r;
	while ((word = strsep(&words, " "))) {
		struct err e = { 0 };
		char plus[64];

		/* Alone: one that the kernel refuses (cpu, while real-time threads are about) must not keep the others off. */
		if (!text_print(plus, sizeof(plus), "+%s", word) && write_text(root, "cgroup.subtree_control", plus, &e) < 0)
			log_debug("%s", e.text);
	}
	if (read_text(root, "cgroup.subtree_control", before, sizeof(before)) < 0)
		return 0;
	return journal_left(j, path, before, err);
}

int cgroups_enable(const struct cgroups *c, struct journal *j, struct err *err)
{
	return c->layout == CGROUP_V2 && c->n ? enable_all(c->mount[0].path, j, err) : 0;
}

static int read_budget(const char *dir, struct rt_budget *ret)
{
	char text[32];
	int64_t runtime;
	uint64_t period;

	if (read_text(dir, "cpu.rt_runtime_us", text, sizeof(text)) < 0 || text_i64(text, &runtime) < 0)
		return -ENOENT;
	if (read_text(dir, "cpu.rt_period_us", text, sizeof(text)) < 0 || text_u64(text, &period) < 0 || !period)
		return -ENOENT;
	*ret = (struct rt_budget){ .runtime_us = runtime < 0 ? (int64_t) period : runtime, .period_us = period };
	return 0;
}

/* What the groups below dir hold, in microseconds of dir's own period, rounded up. */
static int64_t held_below(const char *dir, uint64_t period_us)
{
	AUTO_DIR DIR *d = opendir(dir);
	const struct dirent *e;
	int64_t sum = 0;

	while (d && (e = readdir(d))) {
		struct rt_budget b;
		char below[PATH_MAX];

		if (e->d_type != DT_DIR || e->d_name[0] == '.' || text_print(below, sizeof(below), "%s/%s", dir, e->d_name))
			continue;
		if (read_budget(below, &b) == 0 && b.runtime_us)
			sum += b.runtime_us * (int64_t) period_us / (int64_t) b.period_us + 1;
	}
	return sum;
}

static int write_budget(const char *dir, const struct rt_budget *b, struct err *err)
{
	char text[32];
	int r;

	(void) text_print(text, sizeof(text), "%llu", (unsigned long long) b->period_us);
	r = write_text(dir, "cpu.rt_period_us", text, err);
	if (r < 0)
		return r;
	(void) text_print(text, sizeof(text), "%lld", (long long) b->runtime_us);
	return write_text(dir, "cpu.rt_runtime_us", text, err);
}

/*
 * All that the group above has left.  The kernel counts a group that was
 * removed until its last reader is done (RCU), and refuses with EINVAL so long.
 */
static int take_budget(const char *dir, struct rt_budget *has, struct err *err)
{
	uint64_t deadline = clock_ns() + NS_PER_S;
	struct rt_budget above, wish;
	char up[PATH_MAX];
	struct err e;
	int r;

	if (text_print(up, sizeof(up), "%s/..", dir) || read_budget(up, &above) < 0)
		return err_set(err, -ENOENT, "the control group above %s has no readable real-time budget", dir);
	for (;;) {
		wish = above;
		wish.runtime_us -= held_below(up, above.period_us);
		e = (struct err){ 0 };
		r = wish.runtime_us > 0 ? write_budget(dir, &wish, &e) : 0;
		if (r != -EINVAL || clock_ns() > deadline)
			break;
		clock_sleep_ns(5 * NS_PER_MS);
	}
	if (r < 0)
		return err_set(err, r, "%s", e.text);
	if (wish.runtime_us > 0)
		*has = wish;
	return 0;
}

int cgroups_rt_give(const struct cgroups *c, const char *path, struct rt_budget *ret, struct err *err)
{
	const struct cgroup_mount *cpu = cgroups_find(c, "cpu");
	char dir[PATH_MAX], above[256];
	struct rt_budget has;
	int r;

	*ret = (struct rt_budget){ 0 };
	if (!c->rt_budgets || !cpu)
		return 0;
	r = path_above(path, above, sizeof(above), err);
	if (r < 0)
		return r;
	if (text_print(dir, sizeof(dir), "%s%s", cpu->path, above))
		return err_set(err, -ENAMETOOLONG, "the control group %.64s has too long a name", above);
	if (read_budget(dir, &has) < 0)
		return err_set(err, -ENOENT, "the control group %s has no readable real-time budget", dir);
	if (has.runtime_us == 0)
		r = take_budget(dir, &has, err);
	if (r < 0)
		return r;
	has.runtime_us -= held_below(dir, has.period_us);
	if (has.runtime_us > 0)
		*ret = has;
	return 0;
}

/* A task that nobody has waited for yet keeps a removed group alive, and with it what it holds: so it is given up before. */
static void return_budget(const char *dir)
{
	struct rt_budget has;
	struct err e = { 0 };

	if (read_budget(dir, &has) == 0 && has.runtime_us && !held_below(dir, has.period_us))
		(void) write_text(dir, "cpu.rt_runtime_us", "0", &e);
}

void cgroups_rt_return(const struct cgroups *c, const char *path)
{
	const struct cgroup_mount *cpu = cgroups_find(c, "cpu");
	char dir[PATH_MAX], *end;

	if (!c->rt_budgets || !cpu || text_print(dir, sizeof(dir), "%s%s", cpu->path, path))
		return;
	return_budget(dir);
	end = strrchr(dir, '/');
	*end = '\0';
	if (strlen(dir) > strlen(cpu->path))
		return_budget(dir);
}

void cgroups_rt_explain(const struct cgroups *c, const struct rt_budget *got, char *buf, size_t cap)
{
	if (c->rt_budgets && !got->runtime_us)
		(void) text_print(buf, cap,
				  "other control groups hold all of the real-time budget (cpu.rt_runtime_us): end them, or lift "
				  "the limit with sysctl kernel.sched_rt_runtime_us=-1");
	else if (c->layout == CGROUP_V2)
		(void) text_print(buf, cap,
				  "on cgroup v2 a kernel with CONFIG_RT_GROUP_SCHED has real-time threads in the root group "
				  "only: boot it with rt_group_sched=0, or use a kernel built without that option");
	else
		(void) text_print(buf, cap, "the kernel refuses SCHED_FIFO in the container's control group");
}
