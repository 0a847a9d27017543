/* SPDX-License-Identifier: Apache-2.0 */
#include "host/steal.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/cursor.h"
#include "base/text.h"
#include "host/cgroup_home.h"
#include "host/proc_stat_cpus.h"

#define STEAL_PERCENT_MAX 1.0
#define STEAL_TICKS_MIN   3 /* one tick is 10 ms: fewer are chance */

static uint64_t tick_ns(void)
{
	long hz = sysconf(_SC_CLK_TCK);

	return NS_PER_S / (uint64_t) (hz > 0 ? hz : 100);
}

/* user nice system idle iowait irq softirq steal */
static bool parse_cpu_line(const char *line, unsigned *cpu, uint64_t field[8])
{
	uint64_t nr;

	if (!take_text(&line, "cpu") || !take_u64(&line, &nr) || nr >= STEAL_CPUS)
		return false;
	for (int i = 0; i < 8; i++) {
		take_blanks(&line);
		if (!take_u64(&line, &field[i]))
			return false;
	}
	*cpu = (unsigned) nr;
	return true;
}

void proc_stat_cpus(const char *text, struct steal_sample *s)
{
	char line[512];

	while (take_line(&text, line, sizeof(line))) {
		uint64_t f[8];
		unsigned cpu;

		if (!parse_cpu_line(line, &cpu, f))
			continue;
		s->steal_ns[cpu] = f[7] * tick_ns();
		s->irq_ns[cpu] = (f[5] + f[6]) * tick_ns();
		if (cpu >= s->n_cpus)
			s->n_cpus = cpu + 1;
	}
}

uint64_t cpu_stat_value(const char *text, const char *key)
{
	char line[128];

	while (take_line(&text, line, sizeof(line))) {
		const char *at = line;
		uint64_t n;

		if (take_text(&at, key) && take_char(&at, ' ') && take_u64(&at, &n))
			return n;
	}
	return 0;
}

/* A quota may sit on any group above ours. */
static void read_quota(const struct fs *fs, struct steal_sample *s)
{
	struct cgroup_facts cg;
	struct err err = { 0 };
	char own[160], text[2048];

	if (cgroup_facts_read(fs, &cg, &err) < 0 || !cg.cpu.version)
		return;
	text_print(own, sizeof(own), "%s", cg.cpu.own);
	for (;;) {
		char *slash = strrchr(own, '/');

		if (fs_readf(fs, text, sizeof(text), "%s%s/cpu.stat", cg.cpu.dir, own) > 0) {
			s->quota_throttled += cpu_stat_value(text, "nr_throttled");
			s->quota_throttled_ns +=
				cpu_stat_value(text, "throttled_usec") * NS_PER_US + cpu_stat_value(text, "throttled_time");
		}
		if (!slash)
			return;
		*slash = '\0';
	}
}

static void read_thermal(const struct fs *fs, struct steal_sample *s)
{
	char path[96];
	uint64_t n;

	for (unsigned cpu = 0; cpu < s->n_cpus; cpu++) {
		text_print(path, sizeof(path), "sys/devices/system/cpu/cpu%u/thermal_throttle/core_throttle_count", cpu);
		if (fs_read_u64(fs, path, &n) < 0)
			return; /* this processor does not count */
		s->thermal_throttles += n;
		text_print(path, sizeof(path), "sys/devices/system/cpu/cpu%u/thermal_throttle/package_throttle_count", cpu);
		if (fs_read_u64(fs, path, &n) == 0)
			s->thermal_throttles += n;
	}
}

int steal_read(const struct fs *fs, struct steal_sample *ret, struct err *err)
{
	AUTO_FREE char *text = NULL;
	int r = fs_read_all(fs, "proc/stat", 1 << 22, &text, NULL);

	if (r < 0)
		return err_sys(err, r, "cannot read proc/stat below %s", fs->path);
	memset(ret, 0, sizeof(*ret));
	ret->at_ns = clock_ns();
	proc_stat_cpus(text, ret);
	read_quota(fs, ret);
	read_thermal(fs, ret);
	return 0;
}

static uint64_t grown(uint64_t before, uint64_t after)
{
	return after > before ? after - before : 0;
}

static void judge(struct steal_delta *d, uint64_t worst_ns)
{
	if (d->steal_percent > STEAL_PERCENT_MAX && worst_ns >= STEAL_TICKS_MIN * tick_ns())
		text_print(d->why, sizeof(d->why), "the hypervisor took %.1f %% of a CPU", d->steal_percent);
	else if (d->quota_throttled)
		text_print(d->why, sizeof(d->why), "a CPU quota froze us %llu times", (unsigned long long) d->quota_throttled);
	else if (d->thermal_throttles)
		text_print(d->why, sizeof(d->why), "the processor throttled %llu times (heat or power)",
			   (unsigned long long) d->thermal_throttles);
	d->disturbed = d->why[0] != '\0';
}

void steal_diff(const struct steal_sample *before, const struct steal_sample *after, const struct cpuset *cpus,
		struct steal_delta *ret)
{
	uint64_t wall = grown(before->at_ns, after->at_ns), worst = 0;
	struct steal_delta d = { .wall_s = (double) wall / 1e9 };

	for (unsigned cpu = 0; cpu < after->n_cpus; cpu++) {
		uint64_t steal = grown(before->steal_ns[cpu], after->steal_ns[cpu]);

		if (!cpuset_empty(cpus) && !cpuset_has(cpus, cpu))
			continue;
		d.steal_s += (double) steal / 1e9;
		worst = steal > worst ? steal : worst;
	}
	if (wall)
		d.steal_percent = 100.0 * (double) worst / (double) wall;
	d.quota_throttled = grown(before->quota_throttled, after->quota_throttled);
	d.quota_throttled_s = (double) grown(before->quota_throttled_ns, after->quota_throttled_ns) / 1e9;
	d.thermal_throttles = grown(before->thermal_throttles, after->thermal_throttles);
	judge(&d, worst);
	*ret = d;
}
