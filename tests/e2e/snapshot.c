/* SPDX-License-Identifier: Apache-2.0 */
/* What is read for a snapshot; tasks: snapshot_tasks.c; comparing: snapshot_diff.c. */
#include <dirent.h>
#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/cursor.h"
#include "base/text.h"
#include "journal/journal.h"
#include "snapshot.h"

#define STATE_MAX SNAPSHOT_STATE_MAX

static const char *const settings[] = {
	"/proc/irq/*/smp_affinity_list",
	"/proc/irq/default_smp_affinity",
	"/proc/sys/kernel/*",
	"/proc/sys/net/core/*",
	"/proc/sys/net/ipv4/*",
	"/proc/sys/vm/*",
	"/sys/bus/workqueue/devices/*/cpumask",
	"/sys/class/net/*/queues/*/rps_cpus",
	"/sys/class/net/*/queues/*/xps_cpus",
	"/sys/devices/system/clocksource/clocksource0/current_clocksource",
	"/sys/devices/system/cpu/cpu*/cpufreq/energy_performance_preference",
	"/sys/devices/system/cpu/cpu*/cpufreq/scaling_governor",
	"/sys/devices/system/cpu/cpu*/cpufreq/scaling_m[ai][xn]_freq",
	"/sys/devices/system/cpu/cpu*/cpuidle/state*/disable",
	"/sys/devices/system/cpu/cpu*/power/pm_qos_resume_latency_us",
	"/sys/devices/system/cpu/cpufreq/boost",
	"/sys/devices/system/cpu/intel_pstate/*",
	"/sys/devices/system/cpu/online",
	"/sys/devices/system/cpu/smt/control",
	"/sys/devices/system/machinecheck/machinecheck*/check_interval",
	"/sys/devices/system/node/node*/hugepages/*/nr_hugepages",
	"/sys/devices/virtual/workqueue/*/affinity*",
	"/sys/devices/virtual/workqueue/*/cpumask",
	"/sys/devices/virtual/workqueue/cpumask",
	"/sys/kernel/debug/sched/fair_server/*/*",
	"/sys/kernel/debug/sched/features",
	"/sys/kernel/mm/ksm/*run",
	"/sys/kernel/mm/transparent_hugepage/*",
	"/sys/kernel/mm/transparent_hugepage/khugepaged/*scan_sleep_millisecs",
	"/sys/module/kvm*/parameters/*",
};

/* These change by themselves. */
static const char *const restless[] = {
	"/proc/sys/kernel/ns_last_pid",
	"/proc/sys/kernel/perf_event_max_sample_rate",
	"/proc/sys/kernel/tainted",
	"/proc/sys/net/ipv4/tcp_fastopen_key",
	"/sys/kernel/mm/ksm/full_scans",
};

/* Of each control group, where they exist. */
static const char *const group_files[] = {
	"cgroup.subtree_control", "cpu.rt_period_us", "cpu.rt_runtime_us",     "cpuset.cpu_exclusive",     "cpuset.cpus",
	"cpuset.cpus.exclusive",  "cpuset.cpus.partition", "cpuset.mems", "cpuset.sched_load_balance",
};

/* The file as one line: newlines become spaces.  False when it cannot be read. */
bool snapshot_read(const char *path, char buf[STATE_MAX])
{
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, buf, STATE_MAX - 1);

	if (n < 0)
		return false;
	buf[n] = '\0';
	for (char *c = buf; *c; c++)
		if (*c == '\n' || *c == '\t')
			*c = ' ';
	while (n > 0 && buf[n - 1] == ' ')
		buf[--n] = '\0';
	return true;
}

static void add_file(struct snapshot *s, const char *path)
{
	char text[STATE_MAX];
	struct stat st;

	for (size_t i = 0; i < ARRAY_SIZE(restless); i++)
		if (text_eq(path, restless[i]))
			return;
	if (stat(path, &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & 0222) && snapshot_read(path, text))
		snapshot_add(s, "file %s: %s", path, text);
}

static void add_files(struct snapshot *s, const char *pattern)
{
	glob_t found;

	if (glob(pattern, GLOB_NOSORT, NULL, &found) == 0)
		for (size_t i = 0; i < found.gl_pathc; i++)
			add_file(s, found.gl_pathv[i]);
	globfree(&found);
}

static void add_group(struct snapshot *s, const char *dir)
{
	struct sink line = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(group_files); i++) {
		char path[PATH_MAX], text[STATE_MAX];

		if (!text_print(path, sizeof(path), "%s/%s", dir, group_files[i]) && snapshot_read(path, text))
			sink_printf(&line, " %s=%s", group_files[i], text);
	}
	snapshot_add(s, "cgroup %s:%s", dir, line.text ? line.text : "");
	sink_free(&line);
}

static void add_groups(struct snapshot *s, const char *dir, unsigned depth)
{
	AUTO_DIR DIR *d = opendir(dir);
	const struct dirent *e;
	char path[PATH_MAX];

	if (!d || depth > 8)
		return;
	add_group(s, dir);
	while ((e = readdir(d)))
		if (e->d_type == DT_DIR && e->d_name[0] != '.' && !text_print(path, sizeof(path), "%s/%s", dir, e->d_name))
			add_groups(s, path, depth + 1);
}

/* Of mountinfo (proc(5)) all but the numbers, which differ from mount to mount: point, root, options, type, source. */
static void add_mount(struct snapshot *s, const char *line)
{
	char word[6][PATH_MAX];
	const char *rest = strstr(line, " - ");

	for (size_t i = 0; i < ARRAY_SIZE(word); i++)
		if (!take_word(&line, word[i], sizeof(word[i])) || !take_blanks(&line))
			return;
	if (rest)
		snapshot_add(s, "mount %s: %s %s%s", word[4], word[3], word[5], rest + 2);
}

static void add_mounts(struct snapshot *s)
{
	AUTO_FILE FILE *f = fopen("/proc/self/mountinfo", "re");
	char *line = NULL;
	size_t cap = 0;

	while (f && getline(&line, &cap, f) > 0) {
		line[strcspn(line, "\n")] = '\0';
		add_mount(s, line);
	}
	free(line);
}

/* Entries of a folder, each handed on with its path. */
static void each_entry(struct snapshot *s, const char *dir, void (*fn)(struct snapshot *, const char *path, const char *name))
{
	AUTO_DIR DIR *d = opendir(dir);
	const struct dirent *e;
	char path[PATH_MAX];

	while (d && (e = readdir(d)))
		if (e->d_name[0] != '.' && !text_print(path, sizeof(path), "%s/%s", dir, e->d_name))
			fn(s, path, e->d_name);
}

static void add_netns(struct snapshot *s, const char *path, const char *name)
{
	(void) path;
	snapshot_add(s, "netns %s", name);
}

static void add_run(struct snapshot *s, const char *path, const char *name)
{
	(void) path;
	snapshot_add(s, "run %s", name);
}

static void add_link(struct snapshot *s, const char *path, const char *name)
{
	static const char *const attributes[] = { "address", "flags", "ifalias", "mtu", "tx_queue_len" };
	struct sink line = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(attributes); i++) {
		char file[PATH_MAX], text[STATE_MAX];

		if (!text_print(file, sizeof(file), "%s/%s", path, attributes[i]) && snapshot_read(file, text))
			sink_printf(&line, " %s=%s", attributes[i], text);
	}
	snapshot_add(s, "link %s:%s", name, line.text ? line.text : "");
	sink_free(&line);
}

static void add_runs(struct snapshot *s)
{
	char state[PATH_MAX], runs[PATH_MAX];
	struct err e = { 0 };

	if (journal_state_dir(state, sizeof(state), &e) == 0 && !text_print(runs, sizeof(runs), "%s/runs", state))
		each_entry(s, runs, add_run);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *) a, *(char *const *) b);
}

void snapshot_take(struct snapshot *ret, const char *const *patterns)
{
	memset(ret, 0, sizeof(*ret));
	for (size_t i = 0; i < ARRAY_SIZE(settings); i++)
		add_files(ret, settings[i]);
	for (; patterns && *patterns; patterns++)
		add_files(ret, *patterns);
	add_groups(ret, "/sys/fs/cgroup", 0);
	add_mounts(ret);
	each_entry(ret, "/run/netns", add_netns);
	each_entry(ret, "/sys/class/net", add_link);
	add_runs(ret);
	snapshot_add_tasks(ret);
	qsort(ret->line.at, ret->line.n, sizeof(*ret->line.at), by_text);
}
