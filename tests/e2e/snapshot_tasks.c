/* SPDX-License-Identifier: Apache-2.0 */
/* Every thread: where it may run and how, and who is marked as a run's own. */
#include <dirent.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/cpuset.h"
#include "base/fs.h"
#include "base/proc_stat.h"
#include "base/text.h"
#include "snapshot.h"

/* A kernel worker shows what it works on in its name ("kworker/0:1-events"): only the part that stays. */
static void make_steady(char *comm)
{
	if (text_starts(comm, "kworker/"))
		comm[strcspn(comm, "-+")] = '\0';
}

/* "task 12/14 PIDs-START (comm)" is who, what follows the colon is what can be changed. */
static void add_thread(struct snapshot *s, pid_t pid, pid_t tid)
{
	char list[4096] = "?", path[64], groups[SNAPSHOT_STATE_MAX] = "";
	struct cpuset cpus;
	struct proc_stat st;

	if (proc_stat_read(tid, &st) < 0 || st.state == 'Z' || st.state == 'X')
		return;
	if (text_starts(st.comm, "irq/"))
		(void) text_print(list, sizeof(list), "of its interrupt");      /* follows that one, when it next fires */
	else if (cpuset_get_affinity(tid, &cpus) == 0)
		cpuset_list(&cpus, list, sizeof(list));
	(void) text_print(path, sizeof(path), "/proc/%d/task/%d/cgroup", (int) pid, (int) tid);
	(void) snapshot_read(path, groups);
	make_steady(st.comm);
	snapshot_add(s, "task %d/%d %llu (%s): cpus %s policy %d priority %d groups %s", (int) pid, (int) tid,
		     (unsigned long long) st.start_time, st.comm, list, st.policy, st.rt_priority, groups);
}

static void add_marked(struct snapshot *s, pid_t pid)
{
	AUTO_FREE char *env = NULL;
	struct err e = { 0 };
	struct proc_stat st;
	char path[64];
	size_t len;

	(void) text_print(path, sizeof(path), "/proc/%d/environ", (int) pid);
	if (file_read_all(path, 1 << 20, &env, &len, &e) < 0 || proc_stat_read(pid, &st) < 0)
		return;
	for (const char *at = env; at < env + len; at += strlen(at) + 1)
		if (text_starts(at, "VLAT_RUN="))
			snapshot_add(s, "marked %d (%s): %s", (int) pid, st.comm, at);
}

static void add_process(struct snapshot *s, pid_t pid)
{
	AUTO_DIR DIR *d = NULL;
	const struct dirent *e;
	char path[64];
	uint64_t tid;

	(void) text_print(path, sizeof(path), "/proc/%d/task", (int) pid);
	d = opendir(path);
	while (d && (e = readdir(d)))
		if (text_u64(e->d_name, &tid) == 0)
			add_thread(s, pid, (pid_t) tid);
	add_marked(s, pid);
}

void snapshot_add_tasks(struct snapshot *s)
{
	AUTO_DIR DIR *d = opendir("/proc");
	const struct dirent *e;
	uint64_t pid;

	while (d && (e = readdir(d)))
		if (text_u64(e->d_name, &pid) == 0)
			add_process(s, (pid_t) pid);
}
