/* SPDX-License-Identifier: Apache-2.0 */
/* Settings and tasks: put back what was, where it is still what vlat made of it. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/proc_stat.h"
#include "base/text.h"
#include "journal/internal.h"

#define SETTLE_NS (3 * NS_PER_S)

int undo_read(const char *path, char **ret)
{
	struct err err = { 0 };
	char *text = NULL;
	size_t len;
	int r = file_read_all(path, 1 << 20, &text, &len, &err);

	if (r < 0)
		return r;
	if (len && text[len - 1] == '\n')
		text[len - 1] = '\0';
	*ret = text;
	return 0;
}

/* A newline always: an empty list is written to cgroup files so, and plain files get their last byte back. */
int undo_write(const char *path, const char *text)
{
	AUTO_CLOSE int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
	AUTO_FREE char *line = xprintf("%s\n", text);
	ssize_t n;

	if (fd < 0)
		return -errno;
	do
		n = write(fd, line, strlen(line));
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : 0;
}

/* What a person should read, not a 4096-CPU mask. */
static const char *brief(enum value_form form, const char *raw, char *buf, size_t cap)
{
	if (!value_clean(form, raw, buf, cap) && cap > 4)
		memcpy(buf + cap - 4, "...", 4);
	if (!*buf)
		text_print(buf, cap, "(empty)");
	return buf;
}

/*
 * Of a group's controllers only the one that vlat switched on ("+cpuset") is its to switch off: others have come and gone since
 * with whoever manages the groups, systemd for one.
 */
static const char *goal_of(const struct entry *e, char *buf, size_t cap)
{
	if (e->form != VALUE_CONTROLLERS || e->after[0] != '+' || text_print(buf, cap, "-%s", e->after + 1))
		return e->before;
	return buf;
}

/* A group that passes on what vlat switched on above it, and is not vlat's: it cannot be switched off under it. */
static bool needed_below(const struct entry *e, char *who, size_t cap)
{
	AUTO_FREE char *dir = xstrndup(e->path, (size_t) (strrchr(e->path, '/') - e->path));
	DIR *list = opendir(dir);
	bool found = false;

	for (const struct dirent *d; list && !found && (d = readdir(list));) {
		AUTO_FREE char *path = xprintf("%s/%s/cgroup.subtree_control", dir, d->d_name), *passed = NULL;

		if (d->d_name[0] == '.' || text_starts(d->d_name, "vlat-") || undo_read(path, &passed) < 0)
			continue;
		found = value_same(e->form, passed, e->after);
		text_print(who, cap, "%.80s", d->d_name);
	}
	if (list)
		closedir(list);
	return found;
}

/*
 * Some settings follow what is written a moment later: huge pages count until
 * the last bit of the guest that was killed just now has let go of them.
 */
static bool reads_as_before(const struct entry *e, const char *goal)
{
	uint64_t deadline = clock_ns() + SETTLE_NS;

	for (;;) {
		AUTO_FREE char *left = NULL;

		if (undo_read(e->path, &left) < 0 || value_same(e->form, left, goal))
			return true;
		if (clock_ns() > deadline)
			return false;
		clock_sleep_ns(20 * NS_PER_MS);
	}
}

/*
 * A v2 cpuset that holds tasks cannot be emptied again (ENOSPC), though empty
 * is how it was and means "what the parent has": then that is written out.
 */
static int refill_cpuset(const struct entry *e, char *list, size_t cap)
{
	AUTO_FREE char *dir = NULL, *path = NULL, *effective = NULL;
	int r;

	if (!text_ends(e->path, "/cpuset.cpus") || *e->before)
		return -ENOSPC;
	dir = xstrndup(e->path, strlen(e->path) - strlen("/cpuset.cpus"));
	path = xprintf("%.*s/cpuset.cpus.effective", (int) (strrchr(dir, '/') - dir), dir);
	r = undo_read(path, &effective);
	if (r == 0 && text_print(list, cap, "%s", effective))
		r = -E2BIG;
	return r < 0 ? r : undo_write(e->path, list);
}

static enum undo_state restore(const struct entry *e, struct undo_item *item, const char *now, const char *before)
{
	char change[VALUE_MAX], buf[80], who[96];
	const char *goal = goal_of(e, buf, sizeof(buf));
	int r = value_change(e->form, now, goal, change, sizeof(change)) ? undo_write(e->path, change) : -E2BIG;

	if (r == -ENOSPC && refill_cpuset(e, change, sizeof(change)) == 0) {
		text_print(item->text, sizeof(item->text), "all CPUs of its parent again (%.100s)", change);
		return UNDO_DONE;
	}
	if (r == -EBUSY && goal != e->before && needed_below(e, who, sizeof(who))) {
		text_print(item->text, sizeof(item->text), "%s has come to need %.40s since, so it stays on", who, e->after + 1);
		return UNDO_FOREIGN;
	}
	if (r < 0) {
		text_print(item->text, sizeof(item->text), "cannot write %s back: %s", before, strerror(-r));
		return UNDO_FAILED;
	}
	if (!reads_as_before(e, goal)) {
		text_print(item->text, sizeof(item->text), "wrote %s back, but it reads otherwise now", before);
		return UNDO_FAILED;
	}
	text_print(item->text, sizeof(item->text), "%s again", before);
	return UNDO_DONE;
}

/*
 * A pool of huge pages is filled page by page: whoever is killed meanwhile, or
 * finds no more memory in one piece, leaves a number on the way to the wanted one.
 */
static bool is_on_the_way(const struct entry *e, const char *now)
{
	uint64_t from, to, is;

	return text_ends(e->path, "/nr_hugepages") && text_u64(e->before, &from) == 0 && text_u64(e->after, &to) == 0 &&
	       text_u64(now, &is) == 0 && (from < to ? is > from && is < to : is < from && is > to);
}

static bool is_ours(const struct entry *e, const char *now)
{
	if (is_on_the_way(e, now))
		return true;
	return value_same(e->form, now, e->after) || (e->left && value_same(e->form, now, e->left));
}

/*
 * A run that was killed between a write and the look at it cannot say what the kernel has made of the value.  The kernel can: it
 * is given the same value once more.  What somebody else has set is written back, if that is what stands there.
 */
bool undo_may_be_unnoted(const struct entry *e)
{
	return e->knob && !e->done && !e->left;
}

static enum undo_state ask_again(const struct entry *e, struct undo_item *item, const char *now)
{
	char change[VALUE_MAX];
	AUTO_FREE char *made = NULL, *left = NULL;
	int r = value_change(e->form, now, e->after, change, sizeof(change)) ? undo_write(e->path, change) : -E2BIG;

	if (r < 0) /* it is not taken now: then it was not the last one either */
		return UNDO_FOREIGN;
	r = undo_read(e->path, &made);
	if (r == 0 && value_same(e->form, made, now))
		return UNDO_DONE;
	if (r == 0)
		r = value_change(e->form, made, now, change, sizeof(change)) ? undo_write(e->path, change) : -E2BIG;
	if (r == 0)
		r = undo_read(e->path, &left);
	if (r == 0 && value_same(e->form, left, now))
		return UNDO_FOREIGN;
	text_print(item->text, sizeof(item->text), "was %.100s, which somebody else had set, and cannot be set to that again: %s",
		   now, r < 0 ? strerror(-r) : "the kernel keeps another value");
	return UNDO_FAILED;
}

static enum undo_state whose(const struct undo_ctx *c, const struct entry *e, struct undo_item *item, const char *now)
{
	if (is_ours(e, now) || undo_is_forced(c, e))
		return UNDO_DONE;
	if (!undo_may_be_unnoted(e) || e->form == VALUE_CONTROLLERS)
		return UNDO_FOREIGN;
	return c->dry ? UNDO_DONE : ask_again(e, item, now);
}

/* Files whose reading asks a register of their CPU, by an interrupt to it. */
static bool wakes_its_cpu(const char *path)
{
	return text_ends(path, "/energy_performance_preference") || text_ends(path, "/energy_perf_bias") ||
	       text_ends(path, "_cur_freq");
}

enum undo_state undo_value(const struct undo_ctx *c, const struct entry *e, struct undo_item *item)
{
	char before[80], after[80], is[80], goal[80];
	AUTO_FREE char *now = NULL;
	enum undo_state state;
	int r;

	text_print(item->what, sizeof(item->what), "%s", e->path);
	if (c->quiet && wakes_its_cpu(e->path)) {
		text_print(item->text, sizeof(item->text), "not looked at: reading it would wake its CPU");
		return UNDO_VOID;
	}
	if (e->guard && access(e->guard, F_OK) < 0) {
		text_print(item->text, sizeof(item->text), "the device behind it is gone");
		return UNDO_VOID;
	}
	r = undo_read(e->path, &now);
	if (r == -ENOENT || r == -ENODEV || r == -ENOTDIR) {
		text_print(item->text, sizeof(item->text), "is gone");
		return UNDO_VOID;
	}
	if (r < 0) {
		text_print(item->text, sizeof(item->text), "cannot be read: %s", strerror(-r));
		return UNDO_FAILED;
	}
	brief(e->form, e->before, before, sizeof(before));
	if (value_same(e->form, now, goal_of(e, goal, sizeof(goal)))) {
		if (e->left && value_same(e->form, e->left, e->before))
			text_print(item->text, sizeof(item->text), UNDO_REFUSED);
		return UNDO_SAME;
	}
	if (!is_ours(e, now) && undo_went_further(c, e, now))
		return UNDO_SAME;
	state = whose(c, e, item, now);
	if (state == UNDO_FAILED)
		return state;
	if (state == UNDO_FOREIGN) {
		text_print(item->text, sizeof(item->text),
			   "is %s now; vlat found %s and wrote %s; somebody changed it since, left alone",
			   brief(e->form, now, is, sizeof(is)), before, brief(e->form, e->after, after, sizeof(after)));
		return UNDO_FOREIGN;
	}
	text_print(item->text, sizeof(item->text), "would become %s again", before);
	return c->dry ? UNDO_DONE : restore(e, item, now, before);
}

/* The task of the entry, or why there is nothing to do. */
static bool task_is_there(const struct entry *e, struct undo_item *item, struct proc_stat *ret)
{
	int r = proc_stat_read(e->tid, ret);
	bool same = r == 0 && ret->start_time == e->start && ret->state != 'Z' && ret->state != 'X';

	text_print(item->what, sizeof(item->what), "task %d (%s)", (int) e->tid, same ? ret->comm : "ended");
	if (!same)
		text_print(item->text, sizeof(item->text), "has ended");
	return same;
}

/* A control group cuts an affinity to what is online; of a CPU that went or came just now either may be shown. */
static bool affinity_reads_as(const struct cpuset *now, const struct cpuset *set)
{
	struct cpuset online, seen, shown;

	if (cpuset_equal(now, set))
		return true;
	if (!cpus_listed("online", &online))
		return false;
	seen = cpuset_and(set, &online);
	shown = cpuset_and(now, &online);
	return cpuset_equal(&shown, &seen);
}

/*
 * Kernels before 6.2 forget a task's own affinity when it changes its cpuset:
 * a mask of all CPUs is what such a reset leaves, and counts as ours.
 */
static bool affinity_is_ours(const struct cpuset *now, const struct cpuset *after)
{
	struct cpuset online;

	return affinity_reads_as(now, after) || (cpus_listed("online", &online) && cpuset_within(&online, now));
}

/* What vlat set may read like what was, as long as the CPUs are offline by which they differ. */
static bool affinity_is_back(const struct cpuset *now, const struct cpuset *before, const struct cpuset *after)
{
	return cpuset_equal(now, before) || (!cpuset_equal(now, after) && affinity_reads_as(now, before));
}

enum undo_state undo_task(const struct undo_ctx *c, const struct entry *e, struct undo_item *item)
{
	struct cpuset now, before, after;
	struct proc_stat s;
	char is[128];
	int r;

	if (!task_is_there(e, item, &s))
		return UNDO_VOID;
	r = proc_allowed(e->tid, &now);
	if (r == -ESRCH)
		return UNDO_VOID;
	if (r < 0 || cpuset_parse_list(e->before, &before) < 0 || cpuset_parse_list(e->after, &after) < 0) {
		text_print(item->text, sizeof(item->text), "its affinity cannot be read");
		return UNDO_FAILED;
	}
	if (affinity_is_back(&now, &before, &after))
		return UNDO_SAME;
	if (!affinity_is_ours(&now, &after) && !undo_is_forced(c, e)) {
		text_print(item->text, sizeof(item->text), "may run on %s now; vlat found %.60s and set %.60s; left alone",
			   cpuset_list(&now, is, sizeof(is)), e->before, e->after);
		return UNDO_FOREIGN;
	}
	text_print(item->text, sizeof(item->text), "may run on CPUs %.100s again", e->before);
	if (c->dry)
		return UNDO_DONE;
	r = cpuset_set_affinity(e->tid, &before);
	if (r == 0 || r == -ESRCH)
		return r == 0 ? UNDO_DONE : UNDO_VOID;
	/* A worker of a workqueue that was met between its birth and its first work: its pool says since where it runs. */
	if (r == -EINVAL && s.flags & PROC_PF_NO_SETAFFINITY) {
		text_print(item->text, sizeof(item->text), "the kernel itself decides now where it runs");
		return UNDO_VOID;
	}
	text_print(item->text, sizeof(item->text), "cannot be given CPUs %.100s back: %s", e->before, strerror(-r));
	return UNDO_FAILED;
}

static bool policy_parse(const char *text, int *policy, int *prio)
{
	return sscanf(text, "%d %d", policy, prio) == 2;
}

enum undo_state undo_policy(const struct undo_ctx *c, const struct entry *e, struct undo_item *item)
{
	struct sched_param now = { 0 }, back = { 0 };
	int policy, before, before_prio, after, after_prio;
	struct proc_stat s;

	if (!task_is_there(e, item, &s))
		return UNDO_VOID;
	policy = sched_getscheduler(e->tid);
	if (policy < 0 || sched_getparam(e->tid, &now) < 0)
		return errno == ESRCH ? UNDO_VOID : UNDO_FAILED;
	if (!policy_parse(e->before, &before, &before_prio) || !policy_parse(e->after, &after, &after_prio))
		return UNDO_FAILED;
	if (policy == before && now.sched_priority == before_prio)
		return UNDO_SAME;
	if ((policy != after || now.sched_priority != after_prio) && !undo_is_forced(c, e)) {
		text_print(item->text, sizeof(item->text), "has policy %d priority %d now, not what vlat set; left alone", policy,
			   now.sched_priority);
		return UNDO_FOREIGN;
	}
	text_print(item->text, sizeof(item->text), "has policy %d priority %d again", before, before_prio);
	back.sched_priority = before_prio;
	if (c->dry || sched_setscheduler(e->tid, before, &back) == 0)
		return UNDO_DONE;
	text_print(item->text, sizeof(item->text), "cannot be given its policy back: %s", strerror(errno));
	return UNDO_FAILED;
}
