/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One setting: the intent for the journal, the deed, the look afterwards.
 *
 * A refusal of the kernel is an answer, not an error: the setting becomes
 * BLOCKED and says why.  A value that the kernel took but made something else
 * of is put back and becomes FAILED.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/cursor.h"
#include "base/proc_stat.h"
#include "base/text.h"
#include "journal/mounter.h"
#include "tune/internal.h"

static void absolute(const struct plan *p, const char *path, char *buf, size_t cap)
{
	text_print(buf, cap, "%s%s%s", p->fs.path, text_ends(p->fs.path, "/") ? "" : "/", path);
}

static void __attribute__((format(printf, 3, 4))) settle(struct setting *s, enum setting_state state, const char *fmt, ...)
{
	va_list ap;

	s->state = state;
	va_start(ap, fmt);
	vsnprintf(s->reason, sizeof(s->reason), fmt, ap);
	va_end(ap);
}

static int intent_value(const struct plan *p, const struct setting *s, struct err *err)
{
	char path[512], guard[512], follower[512];
	struct journal_value v = { .path = path, .form = s->form, .before = s->before, .after = s->after };

	absolute(p, s->path, path, sizeof(path));
	if (s->guard) {
		absolute(p, s->guard, guard, sizeof(guard));
		v.guard = guard;
	}
	if (s->follower) {
		absolute(p, s->follower, follower, sizeof(follower));
		v.follower = follower;
	}
	return journal_value(p->journal, &v, err);
}

static int intent_task(const struct plan *p, const struct setting *s, struct err *err)
{
	struct cpuset before, after;
	int r = 0;

	if (cpuset_parse_list(s->before, &before) == 0 && cpuset_parse_list(s->after, &after) == 0)
		r = journal_task(p->journal, s->tid, &before, &after, err);
	return r == -ESRCH ? 0 : r;
}

static bool policy_parse(const char *text, int *policy, int *prio)
{
	return sscanf(text, "%d %d", policy, prio) == 2;
}

static int intent_policy(const struct plan *p, const struct setting *s, struct err *err)
{
	int before, before_prio, after, after_prio, r;

	if (!policy_parse(s->before, &before, &before_prio) || !policy_parse(s->after, &after, &after_prio))
		return err_set(err, -EINVAL, "%s: bad policy", s->target);
	r = journal_policy(p->journal, s->tid, before, before_prio, after, after_prio, err);
	return r == -ESRCH ? 0 : r;
}

static int intent_group(const struct plan *p, const struct setting *s, struct err *err)
{
	char path[512];

	absolute(p, s->path, path, sizeof(path));
	return journal_cgroup(p->journal, path, err);
}

static int intent_mount(const struct plan *p, const struct setting *s, struct err *err)
{
	char path[512];

	absolute(p, s->path, path, sizeof(path));
	return journal_mount(p->journal, path, err);
}

/* For whoever reads the journal later: this one was never changed, so nobody has changed it back. */
static void note_refused(struct plan *p, const struct setting *s)
{
	char path[512];
	struct err err = { 0 };

	absolute(p, s->path, path, sizeof(path));
	journal_left(p->journal, path, s->before, &err);
}

/* The kernel may keep a value of its own; what it shows is then put back at once. */
static int read_back(struct plan *p, struct setting *s)
{
	char now[VALUE_MAX], change[VALUE_MAX], shown[80], path[512];
	struct err err = { 0 };
	int r = fs_read(&p->fs, s->path, now, sizeof(now));

	if (r < 0) {
		settle(s, SETTING_FAILED, "cannot be read back: %s", strerror(-r));
		return 0;
	}
	if (value_same(s->form, now, s->after)) {
		s->state = SETTING_DONE;
		return 0;
	}
	if (value_same(s->form, now, s->before)) {
		settle(s, SETTING_BLOCKED, "the kernel took the value and kept its own");
		note_refused(p, s);
		return 0;
	}
	value_clean(s->form, now, shown, sizeof(shown));
	settle(s, SETTING_FAILED, "the kernel made %s of it; put back", shown);
	absolute(p, s->path, path, sizeof(path));
	journal_left(p->journal, path, now, &err);
	if (value_change(s->form, now, s->before, change, sizeof(change)))
		fs_write(&p->fs, s->path, change[0] ? change : "\n");
	if (fs_read(&p->fs, s->path, now, sizeof(now)) >= 0 && value_same(s->form, now, s->before))
		note_refused(p, s);
	return 0;
}

/*
 * What follows the file is the kernel's to lower: nobody had set it then.  What
 * it raises was set lower on purpose.  *before is what it was before the change.
 */
static int settle_follower(struct plan *p, const struct setting *s, const char *before, struct err *err)
{
	char now[VALUE_MAX], path[512];
	uint64_t was, is;

	if (fs_read(&p->fs, s->follower, now, sizeof(now)) < 0 || text_u64(before, &was) < 0 || text_u64(now, &is) < 0)
		return 0;
	if (is > was && fs_write(&p->fs, s->follower, before) == 0)
		text_print(now, sizeof(now), "%s", before);
	absolute(p, s->path, path, sizeof(path));
	return journal_followed(p->journal, path, now, err);
}

static int do_value(struct plan *p, struct setting *s, struct err *err)
{
	char now[VALUE_MAX], change[VALUE_MAX], line[VALUE_MAX + 2], follower[VALUE_MAX] = "";
	int r = fs_read(&p->fs, s->path, now, sizeof(now));

	if (r >= 0 && value_same(s->form, now, s->after)) { /* another setting had this effect too */
		s->state = SETTING_DONE;
		return 0;
	}
	if (!value_change(s->form, r >= 0 ? now : "", s->after, change, sizeof(change)))
		return 0;
	text_print(line, sizeof(line), "%s\n", change);
	if (s->follower)
		fs_read(&p->fs, s->follower, follower, sizeof(follower));
	r = fs_write(&p->fs, s->path, line);
	if (r < 0) {
		settle(s, SETTING_BLOCKED, "the kernel refused it: %s", strerror(-r));
		note_refused(p, s);
		return 0;
	}
	r = read_back(p, s);
	return r == 0 && follower[0] ? settle_follower(p, s, follower, err) : r;
}

static int do_task(struct plan *p, struct setting *s, struct err *err)
{
	struct cpuset want, got;
	struct proc_stat stat;
	int r;

	(void) p;
	(void) err;
	if (proc_stat_read(s->tid, &stat) < 0 || stat.start_time != s->start) {
		settle(s, SETTING_SAME, "ended meanwhile");
		return 0;
	}
	r = cpuset_parse_list(s->after, &want);
	if (r == 0)
		r = cpuset_set_affinity(s->tid, &want);
	if (r == 0)
		r = cpuset_get_affinity(s->tid, &got);
	if (r == -ESRCH)
		settle(s, SETTING_SAME, "ended meanwhile");
	else if (r < 0)
		settle(s, SETTING_BLOCKED, "the kernel refused it: %s", strerror(-r));
	else if (!cpuset_equal(&got, &want))
		settle(s, SETTING_BLOCKED, "the kernel kept its own CPUs");
	else
		s->state = SETTING_DONE;
	return 0;
}

static int do_policy(struct plan *p, struct setting *s, struct err *err)
{
	struct sched_param param = { 0 };
	int policy;

	(void) p;
	(void) err;
	if (!policy_parse(s->after, &policy, &param.sched_priority) || !proc_is_alive(s->tid, s->start))
		settle(s, SETTING_SAME, "ended meanwhile");
	else if (sched_setscheduler(s->tid, policy, &param) < 0)
		settle(s, SETTING_BLOCKED, "the kernel refused it: %s", strerror(errno));
	else
		s->state = SETTING_DONE;
	return 0;
}

static enum value_form group_file_form(const char *file)
{
	if (text_eq(file, "cgroup.subtree_control"))
		return VALUE_CONTROLLERS;
	if (text_eq(file, "cpuset.cpus") || text_eq(file, "cpuset.mems") || text_eq(file, "cpuset.cpus.exclusive"))
		return VALUE_CPULIST;
	return VALUE_TEXT;
}

typedef bool line_fn(const struct plan *p, struct setting *s, const char *file, const char *value);

/* Over "FILE VALUE" lines; false as soon as one says so. */
static bool each_line(const struct plan *p, struct setting *s, line_fn *fn)
{
	char line[VALUE_MAX + 64];

	for (const char *at = s->after; take_line(&at, line, sizeof(line));) {
		char *blank = strchr(line, ' ');

		if (!blank)
			continue;
		*blank = '\0';
		if (!fn(p, s, line, blank + 1))
			return false;
	}
	return true;
}

static bool line_holds(const struct plan *p, struct setting *s, const char *file, const char *value)
{
	char now[VALUE_MAX];
	int r = fs_readf(&p->fs, now, sizeof(now), "%s/%s", s->path, file);

	if (r >= 0 && value_same(group_file_form(file), now, value))
		return true;
	settle(s, s->state == SETTING_DONE ? SETTING_CHANGED : SETTING_BLOCKED, "%s is %.80s, not %.60s", file,
	       r < 0 ? "unreadable" : now, value);
	return false;
}

static bool line_write(const struct plan *p, struct setting *s, const char *file, const char *value)
{
	char path[512];
	int r;

	text_print(path, sizeof(path), "%s/%s", s->path, file);
	r = fs_write(&p->fs, path, value);
	if (r < 0) {
		settle(s, SETTING_BLOCKED, "writing %.60s to %s: %s", value, file, strerror(-r));
		return false;
	}
	return line_holds(p, s, file, value);
}

static int do_group(struct plan *p, struct setting *s, struct err *err)
{
	char path[512];

	(void) err;
	absolute(p, s->path, path, sizeof(path));
	if (mkdir(path, 0755) < 0 && errno != EEXIST)
		settle(s, SETTING_BLOCKED, "cannot be made: %s", strerror(errno));
	else if (each_line(p, s, line_write))
		s->state = SETTING_DONE;
	return 0;
}

static int do_move(struct plan *p, struct setting *s, struct err *err)
{
	int r = move_tasks(p, s);

	(void) err;
	if (r < 0)
		settle(s, SETTING_BLOCKED, "%s", strerror(-r));
	else
		s->state = SETTING_DONE;
	return 0;
}

static int do_mount(struct plan *p, struct setting *s, struct err *err)
{
	char path[512];
	int r;

	(void) err;
	absolute(p, s->path, path, sizeof(path));
	if (p->mounter < 0)
		r = mount("none", path, s->after, MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0 ? -errno : 0;
	else
		r = text_eq(path, MOUNTER_PATH) && text_eq(s->after, MOUNTER_TYPE) ? mounter_mount(p->mounter) : -EPERM;
	if (r < 0)
		settle(s, SETTING_BLOCKED, "cannot be mounted: %s", strerror(-r));
	else
		s->state = SETTING_DONE;
	return 0;
}

static int do_hold(struct plan *p, struct setting *s, struct err *err)
{
	AUTO_CLOSE int fd = fs_open(&p->fs, s->path, O_WRONLY);
	int64_t wanted;
	int32_t value;

	(void) err;
	if (fd < 0 || text_i64(s->after, &wanted) < 0) {
		settle(s, SETTING_BLOCKED, "cannot be opened: %s", strerror(fd < 0 ? -fd : EINVAL));
		return 0;
	}
	value = (int32_t) wanted;
	if (write(fd, &value, sizeof(value)) != sizeof(value)) {
		settle(s, SETTING_BLOCKED, "the kernel refused it: %s", strerror(errno));
		return 0;
	}
	*vec_add(&p->held) = TAKE_FD(fd);
	s->state = SETTING_DONE;
	return 0;
}

/*
 * A spinning task is an ordinary one.  Where it starves beside real-time
 * threads the kernel's fair server gives it 50 ms of each second: the very
 * stall that the tuning is there to avoid.  So only where there is none, or
 * where it was switched off.
 */
static bool starving_is_harmless(const struct plan *p)
{
	const struct step *s = plan_step(p, "sch.fair_server");

	for (size_t i = 0; s && i < s->settings.n; i++) {
		const struct setting *one = &s->settings.at[i];
		bool none = one->state == SETTING_ABSENT && text_eq(one->target, "fair_server");

		if (one->kind != SETTING_MOUNT && one->state != SETTING_DONE && one->state != SETTING_SAME && !none)
			return false;
	}
	return s && s->settings.n > 0;
}

static int do_spin(struct plan *p, struct setting *s, struct err *err)
{
	const char *at = strrchr(s->path, '/'), *group;
	struct placement place;
	uint64_t cpu;
	pid_t pid;
	int r;

	(void) err;
	if (!starving_is_harmless(p)) {
		settle(s, SETTING_BLOCKED,
		       "the kernel's fair server is not seen to be off (sch.fair_server): beside real-time threads the spinning "
		       "task "
		       "would cost them 50 ms of each second");
		return 0;
	}
	plan_placement(p, &place);
	group = place.cgroup_iso[0] ? place.cgroup_iso : place.cgroup;
	at = at ? at + 1 : s->path;
	r = take_text(&at, "cpu") && take_u64(&at, &cpu) ? spin_start((unsigned) cpu, group, &pid) : -EINVAL;
	if (r < 0) {
		settle(s, SETTING_BLOCKED, "no task can be put there: %s", strerror(-r));
		return 0;
	}
	*vec_add(&p->spinners) = pid;
	s->tid = pid;
	s->state = SETTING_DONE;
	return 0;
}

static int do_given(struct plan *p, struct setting *s, struct err *err)
{
	(void) p;
	(void) err;
	s->state = SETTING_DONE;
	return 0;
}

/* What each kind of setting needs; only values exist in a copy of a machine. */
static const struct {
	int (*intent)(const struct plan *p, const struct setting *s, struct err *err);
	int (*act)(struct plan *p, struct setting *s, struct err *err);
	bool live_only;
} kinds[] = {
	[SETTING_VALUE] = { .intent = intent_value, .act = do_value },
	[SETTING_TASK] = { .intent = intent_task, .act = do_task, .live_only = true },
	[SETTING_POLICY] = { .intent = intent_policy, .act = do_policy, .live_only = true },
	[SETTING_GROUP] = { .intent = intent_group, .act = do_group, .live_only = true },
	[SETTING_MOVE] = { .intent = move_intents, .act = do_move, .live_only = true },
	[SETTING_MOUNT] = { .intent = intent_mount, .act = do_mount, .live_only = true },
	[SETTING_HOLD] = { .act = do_hold, .live_only = true },
	[SETTING_SPIN] = { .act = do_spin, .live_only = true },
	[SETTING_NIC] = { .intent = nic_intent, .act = nic_do, .live_only = true },
	[SETTING_GIVEN] = { .act = do_given },
};

int setting_intent(const struct plan *p, const struct setting *s, struct err *err)
{
	if (s->state != SETTING_TODO || !kinds[s->kind].intent || (kinds[s->kind].live_only && !p->fs.live))
		return 0;
	return kinds[s->kind].intent(p, s, err);
}

int setting_do(struct plan *p, struct setting *s, struct err *err)
{
	if (s->state != SETTING_TODO)
		return 0;
	if (kinds[s->kind].live_only && !p->fs.live) {
		settle(s, SETTING_BLOCKED, "only on the running machine, not in a copy");
		return 0;
	}
	return kinds[s->kind].act(p, s, err);
}

static bool task_holds(struct setting *s)
{
	struct cpuset want, now;
	char is[96];

	if (!proc_is_alive(s->tid, s->start) || cpuset_parse_list(s->after, &want) < 0 || cpuset_get_affinity(s->tid, &now) < 0)
		return true;
	if (cpuset_within(&now, &want))
		return true;
	settle(s, SETTING_CHANGED, "may run on %s now", cpuset_list(&now, is, sizeof(is)));
	return false;
}

static bool value_holds(const struct plan *p, struct setting *s)
{
	char now[VALUE_MAX], shown[96];
	int r = fs_read(&p->fs, s->path, now, sizeof(now));

	if ((r >= 0 && value_same(s->form, now, s->after)) || (r == -ENOENT && s->guard))
		return true;
	if (r < 0)
		text_print(shown, sizeof(shown), "unreadable (%s)", strerror(-r));
	else
		value_clean(s->form, now, shown, sizeof(shown));
	settle(s, SETTING_CHANGED, "is %s now", shown);
	return false;
}

bool setting_check(const struct plan *p, struct setting *s)
{
	if (s->state != SETTING_DONE)
		return true;
	if (s->kind == SETTING_VALUE)
		return value_holds(p, s);
	if (s->kind == SETTING_TASK)
		return task_holds(s);
	if (s->kind == SETTING_NIC)
		return nic_holds(p, s);
	if (s->kind == SETTING_SPIN && !spin_alive(s->tid))
		settle(s, SETTING_CHANGED, "the spinning task was ended");
	if (s->kind == SETTING_GROUP)
		return each_line(p, s, line_holds);
	return s->state == SETTING_DONE;
}
