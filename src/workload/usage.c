/* SPDX-License-Identifier: Apache-2.0 */
#include "workload/usage.h"

#include <sys/resource.h>
#include <unistd.h>

#include "base/cursor.h"
#include "workload/procfile.h"

#define STEAL_COLUMN 7          /* user nice system idle iowait irq softirq steal: proc(5) */

static bool steal_of_line(const char *at, uint64_t *ret)
{
	for (int i = 0; i <= STEAL_COLUMN; i++)
		if (!take_blanks(&at) || !take_u64(&at, ret))
			return false;
	return true;
}

int64_t steal_ticks(const char *stat, const struct cpuset *cpus)
{
	int64_t sum = -1;
	char line[256];

	while (take_line(&stat, line, sizeof(line))) {
		const char *at = line;
		uint64_t cpu, steal;

		if (!take_text(&at, "cpu") || !take_u64(&at, &cpu) || !cpuset_has(cpus, (unsigned) cpu))
			continue;
		if (steal_of_line(at, &steal))
			sum = (sum < 0 ? 0 : sum) + (int64_t) steal;
	}
	return sum;
}

static double steal_seconds(const struct cpuset *cpus)
{
	char text[65536];
	int64_t ticks = -1;

	if (procfile_read("/proc/stat", text, sizeof(text)) > 0)
		ticks = steal_ticks(text, cpus);
	return ticks < 0 ? -1 : (double) ticks / (double) sysconf(_SC_CLK_TCK);
}

static int64_t migrations_read(void)
{
	char text[8192];
	uint64_t n;

	if (procfile_read("/proc/thread-self/sched", text, sizeof(text)) < 0)
		return -1;
	return procfile_field(text, "se.nr_migrations", 10, &n) < 0 ? -1 : (int64_t) n;
}

static double seconds(struct timeval tv)
{
	return (double) tv.tv_sec + (double) tv.tv_usec / 1e6;
}

void usage_read(struct usage *ret, const struct cpuset *cpus)
{
	struct rusage ru = { 0 };
	uint64_t peak_kb = 0;

	getrusage(RUSAGE_THREAD, &ru);
	/* Not ru_maxrss: that one remembers the parent from before the exec. */
	procfile_status_u64("VmHWM", &peak_kb);
	*ret = (struct usage){
		.cpu_s = seconds(ru.ru_utime) + seconds(ru.ru_stime), .voluntary = ru.ru_nvcsw, .involuntary = ru.ru_nivcsw,
		.minor_faults = ru.ru_minflt, .major_faults = ru.ru_majflt, .migrations = migrations_read(),
		.steal_s = steal_seconds(cpus), .max_rss_bytes = peak_kb * 1024,
	};
}

void usage_since(struct usage *now, const struct usage *before)
{
	now->cpu_s -= before->cpu_s;
	now->voluntary -= before->voluntary;
	now->involuntary -= before->involuntary;
	now->minor_faults -= before->minor_faults;
	now->major_faults -= before->major_faults;
	if (now->migrations >= 0)
		now->migrations -= before->migrations;
	if (now->steal_s >= 0)
		now->steal_s -= before->steal_s;
}
