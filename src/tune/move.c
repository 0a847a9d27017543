/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tasks from one control group into another, all that are ordinary.
 *
 * A task that forks while we move it leaves a child behind: the list is read
 * again until nothing in it is left to move.  Going back is the group's own
 * undo (its tasks return to the parent).  Only tasks with an affinity of their
 * own need a line each, written before the group's so that it is undone after:
 * kernels before 6.2 forget that affinity when a task changes its group.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/cursor.h"
#include "base/text.h"
#include "host/task.h"
#include "tune/internal.h"

#define PASSES_MAX 20

/* v1 moves threads, v2 whole processes. */
static const char *members(const struct plan *p)
{
	return p->facts->cgroup.cpuset.version == 1 ? "tasks" : "cgroup.procs";
}

static bool left_alone(const struct plan *p, pid_t tid, const char *comm)
{
	const char *const *list = p->options.leave_alone;
	char number[16];

	text_print(number, sizeof(number), "%d", (int) tid);
	for (size_t i = 0; list && list[i]; i++) {
		if (text_eq(list[i], number) || text_eq(list[i], comm))
			return true;
	}
	return false;
}

/* The process a thread belongs to: leave-alone lists name processes. */
static pid_t process_of(const struct plan *p, pid_t tid)
{
	char text[4096];
	const char *at;
	uint64_t pid;

	if (fs_readf(&p->fs, text, sizeof(text), "proc/%d/status", (int) tid) < 0)
		return tid;
	at = strstr(text, "\nTgid:");
	if (!at)
		return tid;
	at += strlen("\nTgid:");
	take_blanks(&at);
	return take_u64(&at, &pid) ? (pid_t) pid : tid;
}

static bool is_foreign_realtime(const struct plan *p, const struct task_fact *t)
{
	return task_is_realtime(t) && cpuset_within(&t->allowed, &p->split.isolated);
}

static bool shall_move(const struct plan *p, pid_t tid, struct task_fact *t)
{
	if (proc_stat_read(tid, &t->stat) < 0 || task_is_kernel(t) || t->stat.state == 'Z')
		return false;
	if (cpuset_get_affinity(tid, &t->allowed) < 0 || is_foreign_realtime(p, t))
		return false;
	if (!p->options.leave_alone || !p->options.leave_alone[0])
		return true;
	return !left_alone(p, tid, t->stat.comm) && !left_alone(p, process_of(p, tid), t->stat.comm);
}

/* Kernel threads are most of a root group and never move: not worth looking at twice. */
static int read_members(const struct plan *p, const char *dir, char **ret)
{
	char path[256];

	if (text_print(path, sizeof(path), "%s/%s", dir, members(p)))
		return -ENAMETOOLONG;
	return fs_read_all(&p->fs, path, 8 << 20, ret, NULL);
}

static bool take_tid(const char **at, pid_t *ret)
{
	uint64_t n;

	if (!take_u64(at, &n) || n > INT32_MAX)
		return false;
	take_char(at, '\n');
	*ret = (pid_t) n;
	return true;
}

int move_intents(const struct plan *p, const struct setting *s, struct err *err)
{
	AUTO_FREE char *list = NULL;
	struct task_fact t;
	pid_t tid;
	int r = read_members(p, s->before, &list);

	if (r < 0)
		return err_sys(err, r, "cannot list the tasks of /%s", s->before);
	for (const char *at = list; take_tid(&at, &tid);) {
		struct cpuset after;

		if (!shall_move(p, tid, &t) || cpuset_within(&p->facts->cpu.online, &t.allowed))
			continue;
		after = cpuset_and(&t.allowed, &p->split.housekeeping);
		if (cpuset_empty(&after))
			after = p->split.housekeeping;
		r = journal_task(p->journal, tid, &t.allowed, &after, err);
		if (r < 0 && r != -ESRCH)
			return r;
	}
	return 0;
}

static int move_pass(const struct plan *p, const struct setting *s)
{
	AUTO_FREE char *list = NULL;
	struct task_fact t;
	char to[256], word[16];
	pid_t tid;
	int r = read_members(p, s->before, &list), moved = 0;

	if (r < 0)
		return r;
	if (text_print(to, sizeof(to), "%s/%s", s->path, members(p)))
		return -ENAMETOOLONG;
	for (const char *at = list; take_tid(&at, &tid);) {
		if (!shall_move(p, tid, &t))
			continue;
		text_print(word, sizeof(word), "%d", (int) tid);
		r = fs_write(&p->fs, to, word);
		if (r == -EPERM || r == -EACCES || r == -ENOSPC) /* not this task's matter */
			return r;
		moved += r == 0;
	}
	return moved;
}

int move_tasks(const struct plan *p, struct setting *s)
{
	int total = 0, r = 1;

	for (int i = 0; r > 0 && i < PASSES_MAX; i++) {
		r = move_pass(p, s);
		if (r < 0)
			return r;
		total += r;
	}
	text_print(s->target, sizeof(s->target), "%d ordinary tasks of the root group", total);
	return 0;
}
