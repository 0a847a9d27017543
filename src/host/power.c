/* SPDX-License-Identifier: Apache-2.0 */
#include "host/power.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/cursor.h"
#include "base/sink.h"
#include "base/text.h"
#include "base/vec.h"

#define CPU_DIR    "sys/devices/system/cpu"
#define QOS_DEVICE "/dev/cpu_dma_latency"
/* PM_QOS_CPU_LATENCY_DEFAULT_VALUE, include/linux/pm_qos.h: no request is standing. */
#define QOS_DEFAULT_US 2000000000ll

const char *turbo_name(enum turbo t)
{
	static const char *const names[] = { [TURBO_UNKNOWN] = "unknown", [TURBO_OFF] = "off", [TURBO_ON] = "on" };

	return names[t];
}

/* cpufreq writes "0 1 2", blank-separated. */
static int read_blank_list(const struct fs *fs, const char *path, struct cpuset *ret)
{
	AUTO_FREE char *text = NULL;
	int r = fs_read_all(fs, path, 1 << 16, &text, NULL);

	if (r < 0)
		return r;
	text_trim(text);
	for (char *c = text; *c; c++)
		*c = *c == ' ' ? ',' : *c;
	return cpuset_parse_list(text, ret);
}

static void read_policy_file(const struct fs *fs, const char *policy, const char *file, const struct cpuset *cpus,
			     struct cpu_groups *out)
{
	char buf[64];

	if (fs_readf(fs, buf, sizeof(buf), CPU_DIR "/cpufreq/%s/%s", policy, file) > 0)
		groups_add(out, text_trim(buf), cpus);
}

/* The online CPUs of a policy; a copy that lacks the list has at least the CPU that it is named after. */
static bool policy_cpus(const struct fs *fs, const char *policy, struct cpuset *ret)
{
	char path[128];
	uint64_t cpu;

	if (!text_starts(policy, "policy") || text_u64(policy + strlen("policy"), &cpu) < 0 || cpu >= CPUSET_MAX)
		return false;
	text_print(path, sizeof(path), CPU_DIR "/cpufreq/%s/affected_cpus", policy);
	if (read_blank_list(fs, path, ret) == 0)
		return !cpuset_empty(ret);
	*ret = cpuset_one((unsigned) cpu);
	return true;
}

static void read_policies(const struct fs *fs, struct power_facts *p)
{
	struct fs_names names;

	if (fs_list(fs, CPU_DIR "/cpufreq", &names) < 0)
		return;
	for (size_t i = 0; i < names.n; i++) {
		struct cpuset cpus;

		if (!policy_cpus(fs, names.at[i], &cpus))
			continue;
		read_policy_file(fs, names.at[i], "scaling_driver", &cpus, &p->driver);
		read_policy_file(fs, names.at[i], "scaling_governor", &cpus, &p->governor);
		read_policy_file(fs, names.at[i], "energy_performance_preference", &cpus, &p->epp);
		read_policy_file(fs, names.at[i], "scaling_min_freq", &cpus, &p->min_khz);
		read_policy_file(fs, names.at[i], "scaling_max_freq", &cpus, &p->max_khz);
	}
	fs_list_free(&names);
}

/* A file that every CPU has, or none: the first one decides. */
static void read_each(const struct fs *fs, const struct cpuset *online, const char *file, struct cpu_groups *out)
{
	for (int c = -1; (c = cpuset_next(online, c)) >= 0;) {
		char buf[64];

		if (fs_readf(fs, buf, sizeof(buf), CPU_DIR "/cpu%d/%s", c, file) > 0)
			groups_add_one(out, text_trim(buf), (unsigned) c);
		else if (c == cpuset_first(online))
			return;
	}
}

static void read_turbo(const struct fs *fs, struct power_facts *p)
{
	uint64_t n;

	if (fs_read_u64(fs, CPU_DIR "/intel_pstate/no_turbo", &n) == 0)
		p->turbo = n ? TURBO_OFF : TURBO_ON;
	else if (fs_read_u64(fs, CPU_DIR "/cpufreq/boost", &n) == 0)
		p->turbo = n ? TURBO_ON : TURBO_OFF;
	if (fs_read(fs, CPU_DIR "/intel_pstate/status", p->pstate, sizeof(p->pstate)) < 0 &&
	    fs_read(fs, CPU_DIR "/amd_pstate/status", p->pstate, sizeof(p->pstate)) < 0)
		p->pstate[0] = '\0';
}

static uint64_t state_number(const struct fs *fs, int cpu, unsigned state, const char *file)
{
	char buf[32];
	uint64_t n;

	if (fs_readf(fs, buf, sizeof(buf), CPU_DIR "/cpu%d/cpuidle/state%u/%s", cpu, state, file) < 0 ||
	    text_u64(text_trim(buf), &n) < 0)
		return 0;
	return n;
}

typedef VEC(struct idle_state) state_vec;

static struct idle_state *state_named(state_vec *list, const char *name)
{
	struct idle_state *s;

	for (size_t i = 0; i < list->n; i++) {
		if (text_eq(list->at[i].name, name))
			return &list->at[i];
	}
	s = vec_add(list);
	text_print(s->name, sizeof(s->name), "%s", name);
	return s;
}

/* False when this CPU has no state of that number. */
static bool read_state(const struct fs *fs, int cpu, unsigned nr, state_vec *list)
{
	struct idle_state *s;
	char name[20], buf[32];
	uint64_t off;

	if (fs_readf(fs, name, sizeof(name), CPU_DIR "/cpu%d/cpuidle/state%u/name", cpu, nr) <= 0)
		return false;
	s = state_named(list, text_trim(name));
	if (cpuset_empty(&s->cpus)) {
		s->latency_us = state_number(fs, cpu, nr, "latency");
		s->residency_us = state_number(fs, cpu, nr, "residency");
	}
	cpuset_add(&s->cpus, (unsigned) cpu);
	if (fs_readf(fs, buf, sizeof(buf), CPU_DIR "/cpu%d/cpuidle/state%u/disable", cpu, nr) > 0 &&
	    text_u64(text_trim(buf), &off) == 0 && off)
		cpuset_add(&s->disabled, (unsigned) cpu);
	return true;
}

static void read_idle(const struct fs *fs, const struct cpuset *online, struct power_facts *p)
{
	state_vec list = { 0 };

	if (fs_read(fs, CPU_DIR "/cpuidle/current_driver", p->idle_driver, sizeof(p->idle_driver)) < 0)
		p->idle_driver[0] = '\0';
	if (fs_read(fs, CPU_DIR "/cpuidle/current_governor", p->idle_governor, sizeof(p->idle_governor)) < 0 &&
	    fs_read(fs, CPU_DIR "/cpuidle/current_governor_ro", p->idle_governor, sizeof(p->idle_governor)) < 0)
		p->idle_governor[0] = '\0';
	for (int c = -1; (c = cpuset_next(online, c)) >= 0;) {
		unsigned nr = 0;

		while (nr < 16 && read_state(fs, c, nr, &list))
			nr++;
		if (nr == 0 && c == cpuset_first(online))
			break;
	}
	p->states = list.at;
	p->n_states = list.n;
}

/* Reading the device only tells; a request stands while somebody keeps it open after writing. */
static int ask_qos(void *arg, char *buf, size_t cap)
{
	AUTO_CLOSE int fd = open(QOS_DEVICE, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	int32_t us;

	(void) arg;
	if (fd < 0)
		return -errno;
	if (read(fd, &us, sizeof(us)) != sizeof(us))
		return -EIO;
	return text_print(buf, cap, "%d", us) ? -ENOSPC : (int) strlen(buf);
}

static bool holds_device(const char *pid)
{
	AUTO_FREE char *dir = xprintf("/proc/%s/fd", pid);
	AUTO_DIR DIR *d = opendir(dir);
	const struct dirent *e;

	while (d && (e = readdir(d))) {
		char target[64];
		ssize_t n = readlinkat(dirfd(d), e->d_name, target, sizeof(target) - 1);

		if (n > 0 && (target[n] = '\0', text_eq(target, QOS_DEVICE)))
			return true;
	}
	return false;
}

/* "PID\n" for each process that has the device open, as far as we may look. */
static int ask_holders(void *arg, char *buf, size_t cap)
{
	AUTO_DIR DIR *d = opendir("/proc");
	struct sink out = { 0 };
	const struct dirent *e;
	uint64_t pid;

	(void) arg;
	sink_put(&out, "");
	while (d && (e = readdir(d))) {
		if (text_u64(e->d_name, &pid) == 0 && holds_device(e->d_name))
			sink_printf(&out, "%s\n", e->d_name);
	}
	text_print(buf, cap, "%s", out.text);
	sink_free(&out);
	return (int) strlen(buf);
}

static void read_holders(const struct fs *fs, struct power_facts *p)
{
	VEC(struct qos_holder) list = { 0 };
	char text[1024], line[32];

	if (fs_answer(fs, "pm-qos/holders", ask_holders, NULL, text, sizeof(text)) < 0)
		return;
	for (const char *at = text; take_line(&at, line, sizeof(line));) {
		struct qos_holder h = { .pid = 0 };
		uint64_t pid;

		if (text_u64(line, &pid) < 0 || pid > INT32_MAX)
			continue;
		h.pid = (pid_t) pid;
		if (fs_readf(fs, h.comm, sizeof(h.comm), "proc/%d/comm", (int) h.pid) < 0)
			h.comm[0] = '\0';
		*vec_add(&list) = h;
	}
	p->holders = list.at;
	p->n_holders = list.n;
}

static void read_qos(const struct fs *fs, struct power_facts *p)
{
	char text[32];
	int64_t us;

	p->qos_us = QOS_NONE;
	if (fs_answer(fs, "pm-qos/cpu-dma-latency", ask_qos, NULL, text, sizeof(text)) < 0 || text_i64(text, &us) < 0)
		return;
	p->qos_known = true;
	if (us < 0 || us >= QOS_DEFAULT_US)
		return;
	p->qos_us = us;
	read_holders(fs, p);
}

void power_facts_read(const struct fs *fs, const struct cpuset *online, struct power_facts *ret)
{
	struct power_facts p = { .turbo = TURBO_UNKNOWN };

	read_policies(fs, &p);
	read_each(fs, online, "power/energy_perf_bias", &p.epb);
	read_each(fs, online, "power/pm_qos_resume_latency_us", &p.resume_latency);
	read_turbo(fs, &p);
	read_idle(fs, online, &p);
	read_qos(fs, &p);
	*ret = p;
}

void power_facts_free(struct power_facts *p)
{
	struct cpu_groups *all[] = { &p->driver, &p->governor, &p->epp, &p->epb, &p->min_khz, &p->max_khz, &p->resume_latency };

	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		groups_free(all[i]);
	free(p->states);
	free(p->holders);
	*p = (struct power_facts){ 0 };
}
