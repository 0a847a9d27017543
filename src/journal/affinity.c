/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The affinity that a task gets back.
 *
 * Since Linux 6.2 a task keeps the mask that it was given last, and runs on
 * what is left of it: without the CPUs that are offline, or that its control
 * group (cpuset) has not.  That mask is shown to nobody.  What is shown is
 *
 *	sched_getaffinity(2)	what is left, and online
 *	Cpus_allowed (status)	what is left, and for tasks outside of cpusets offline CPUs too
 *
 * So a mask read while a CPU was away says less than the task wishes, and
 * written back it would be cut for good.  A task that has all that its cpuset
 * gives, or all that is online, was never told less: it gets all back.  One
 * that was pinned, to a CPU that happens to be offline among others, in a
 * cpuset of its own, gets back what was to be seen; and so does every task
 * before 6.2, when the kernel itself forgot.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/cursor.h"
#include "base/proc_stat.h"
#include "base/text.h"
#include "journal/internal.h"

bool cpus_listed(const char *which, struct cpuset *ret)
{
	struct fs fs;
	struct err err = { 0 };
	char path[64];
	bool there;

	if (fs_open_root(&fs, "/", &err) < 0)
		return false;
	text_print(path, sizeof(path), "sys/devices/system/cpu/%s", which);
	there = fs_read_cpulist(&fs, path, ret) == 0;
	fs_close(&fs);
	return there;
}

/* The CPUs that a control group has: the file is its own, or of the nearest one above that has it.  Takes from path. */
static bool nearest_list(const char *mount, char *path, const char *file, struct cpuset *ret)
{
	for (;;) {
		AUTO_FREE char *full = xprintf("%s%s/%s", mount, text_eq(path, "/") ? "" : path, file), *text = NULL;
		struct err ignored;

		if (file_read_all(full, 1 << 16, &text, NULL, &ignored) == 0)
			return cpuset_parse_list(text, ret) == 0;
		if (!strrchr(path, '/'))
			return false;
		*strrchr(path, '/') = '\0';
	}
}

/* One line of /proc/TID/cgroup: "0::/path", or "4:cpuset:/path" of the first version. */
static bool list_of_line(const char *line, struct cpuset *ret)
{
	static const struct {
		const char *mount, *file;
	} second[] = { { "/sys/fs/cgroup", "cpuset.cpus.effective" }, { "/sys/fs/cgroup/unified", "cpuset.cpus.effective" } };
	const char *names = strchr(line, ':'), *path = names ? strchr(names + 1, ':') : NULL;
	AUTO_FREE char *copy = NULL;

	if (!path)
		return false;
	if (text_starts(names, ":cpuset:")) {
		copy = xstrdup(path + 1);
		return nearest_list("/sys/fs/cgroup/cpuset", copy, "cpuset.effective_cpus", ret);
	}
	for (size_t i = 0; text_starts(line, "0::") && i < ARRAY_SIZE(second); i++) {
		free(copy);
		copy = xstrdup(path + 1);
		if (nearest_list(second[i].mount, copy, second[i].file, ret))
			return true;
	}
	return false;
}

static bool group_has(pid_t tid, struct cpuset *ret)
{
	AUTO_FREE char *file = xprintf("/proc/%d/cgroup", (int) tid), *text = NULL;
	struct err ignored;
	char line[4096];

	if (file_read_all(file, 1 << 16, &text, NULL, &ignored) < 0)
		return false;
	for (const char *at = text; take_line(&at, line, sizeof(line));)
		if (list_of_line(line, ret))
			return true;
	return false;
}

/* `found` is as old as the plan: of it and what is shown now the wider one counts. */
void affinity_widen(pid_t tid, struct cpuset *found)
{
	struct cpuset now, set, possible;
	bool all = cpus_listed("online", &set) && cpuset_within(&set, found);

	if (proc_allowed(tid, &now) == 0 && cpuset_within(found, &now))
		*found = now;
	all = all || (group_has(tid, &set) && !cpuset_empty(&set) && cpuset_within(&set, found));
	all = all || (cpus_listed("online", &set) && cpuset_within(&set, found));
	if (all && cpus_listed("possible", &possible))
		*found = cpuset_or(found, &possible);
}
