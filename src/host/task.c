/* SPDX-License-Identifier: Apache-2.0 */
#include "host/task.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/cursor.h"
#include "base/text.h"
#include "base/vec.h"

typedef VEC(struct task_fact) task_vec;

bool task_is_kernel(const struct task_fact *t)
{
	return (t->stat.flags & PROC_PF_KTHREAD) != 0;
}

bool task_is_movable(const struct task_fact *t)
{
	return !(t->stat.flags & PROC_PF_NO_SETAFFINITY);
}

bool task_is_realtime(const struct task_fact *t)
{
	return t->stat.policy == SCHED_FIFO || t->stat.policy == SCHED_RR || t->stat.policy == 6 /* SCHED_DEADLINE */;
}

/* On the running machine a system call is ten times quicker than parsing status. */
bool task_read_allowed(const struct fs *fs, pid_t pid, pid_t tid, struct cpuset *ret)
{
	AUTO_FREE char *text = NULL;
	char path[64];

	if (fs->live)
		return cpuset_get_affinity(tid, ret) == 0;
	text_print(path, sizeof(path), "proc/%d/task/%d/status", (int) pid, (int) tid);
	return fs_read_all(fs, path, 1 << 16, &text, NULL) == 0 && status_allowed(text, ret);
}

/* What stat says of a thread; 0 threads when it cannot be read. */
static struct proc_stat read_task(const struct fs *fs, pid_t pid, pid_t tid, task_vec *out)
{
	struct task_fact t = { .pid = pid };
	char text[2048];

	if (fs_readf(fs, text, sizeof(text), "proc/%d/task/%d/stat", (int) pid, (int) tid) < 0 || !proc_stat_parse(text, &t.stat))
		return (struct proc_stat){ 0 };
	if (t.stat.tid == tid && t.stat.state != 'Z' && t.stat.state != 'X' && task_read_allowed(fs, pid, tid, &t.allowed))
		*vec_add(out) = t;
	return t.stat;
}

/* On the running machine most processes have one thread, and say so: their folder needs no listing. */
static void read_process(const struct fs *fs, pid_t pid, task_vec *out)
{
	struct fs_names tids;
	char path[40];

	if (read_task(fs, pid, pid, out).threads == 1 && fs->live)
		return;
	text_print(path, sizeof(path), "proc/%d/task", (int) pid);
	if (fs_list(fs, path, &tids) < 0)
		return;
	for (size_t i = 0; i < tids.n; i++) {
		uint64_t tid;

		if (text_u64(tids.at[i], &tid) == 0 && tid > 0 && tid <= INT32_MAX && (pid_t) tid != pid)
			read_task(fs, pid, (pid_t) tid, out);
	}
	fs_list_free(&tids);
}

int task_facts_read(const struct fs *fs, struct task_facts *ret, struct err *err)
{
	struct fs_names pids;
	task_vec list = { 0 };
	int r = fs_list(fs, "proc", &pids);

	if (r < 0)
		return err_sys(err, r, "cannot list proc below %s", fs->path);
	for (size_t i = 0; i < pids.n; i++) {
		uint64_t pid;

		if (text_u64(pids.at[i], &pid) == 0 && pid > 0 && pid <= INT32_MAX)
			read_process(fs, (pid_t) pid, &list);
	}
	fs_list_free(&pids);
	*ret = (struct task_facts){ .at = list.at, .n = list.n };
	return 0;
}

void task_facts_free(struct task_facts *f)
{
	free(f->at);
	*f = (struct task_facts){ 0 };
}
