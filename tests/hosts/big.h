/* SPDX-License-Identifier: Apache-2.0 */
/*
 * big - machines that nobody here owns, made from a few numbers: CPUs as the
 * kernel numbers them (first threads of all cores, then second threads), nodes,
 * caches, idle states, frequency policies, interrupts of multi-queue devices.
 */
#ifndef TESTS_HOSTS_BIG_H
#define TESTS_HOSTS_BIG_H

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/cpuset.h"
#include "base/fs_tree.h"
#include "base/sink.h"
#include "base/text.h"

struct big_host {
	const char *name;
	unsigned packages, dies, cores, threads; /* dies of a package, cores of a die, threads of a core */
	unsigned efficient;                      /* single-threaded cores after all others, of one package */
	unsigned irqs;
	const char *cmdline, *isolated, *nohz_full;
};

static const struct big_host big_hosts[] = {
	{ .name = "two-sockets-256", .packages = 2, .dies = 1, .cores = 64, .threads = 2, .irqs = 600,
	  .cmdline = "BOOT_IMAGE=/vmlinuz isolcpus=managed_irq,domain,2-63,66-127 nohz_full=2-63,66-127 irqaffinity=0-1,64-65",
	  .isolated = "2-63,66-127", .nohz_full = "2-63,66-127" },
	{ .name = "cpus-1024", .packages = 8, .dies = 2, .cores = 32, .threads = 2, .irqs = 1200,
	  .cmdline = "BOOT_IMAGE=/vmlinuz isolcpus=2-99;104-200 hugepages=16", .isolated = "", .nohz_full = "(null)" },
	{ .name = "cpus-256", .packages = 2, .dies = 2, .cores = 32, .threads = 2, .irqs = 300,
	  .cmdline = "BOOT_IMAGE=/vmlinuz quiet", .isolated = "", .nohz_full = "(null)" },
	{ .name = "irqs-4096", .packages = 2, .dies = 1, .cores = 32, .threads = 2, .irqs = 4096,
	  .cmdline = "BOOT_IMAGE=/vmlinuz threadirqs preempt=full", .isolated = "", .nohz_full = "(null)" },
	{ .name = "hybrid", .packages = 1, .dies = 1, .cores = 8, .threads = 2, .efficient = 8, .irqs = 40,
	  .cmdline = "BOOT_IMAGE=/vmlinuz quiet", .isolated = "", .nohz_full = "(null)" },
};

static inline void __attribute__((format(printf, 3, 4))) big_put(struct fs_tree *t, const char *path, const char *fmt, ...)
{
	struct fs_tree_entry e = { .path = path, .kind = FS_FILE, .mode = 0644 };
	struct sink s = { 0 };
	va_list ap;

	va_start(ap, fmt);
	sink_vprintf(&s, fmt, ap);
	va_end(ap);
	e.data = s.text;
	e.len = s.len;
	if (fs_tree_add(t, &e) < 0)
		abort();
	sink_free(&s);
}

static inline unsigned big_smt_cores(const struct big_host *b)
{
	return b->packages * b->dies * b->cores;
}

static inline unsigned big_cpus(const struct big_host *b)
{
	return big_smt_cores(b) * b->threads + b->efficient;
}

/* The core of a CPU, counted over the machine. */
static inline unsigned big_core(const struct big_host *b, unsigned cpu)
{
	unsigned cores = big_smt_cores(b);

	return cpu < cores * b->threads ? cpu % cores : cores + cpu - cores * b->threads;
}

static inline struct cpuset big_siblings(const struct big_host *b, unsigned cpu)
{
	struct cpuset s = { 0 };

	for (unsigned c = 0; c < big_cpus(b); c++) {
		if (big_core(b, c) == big_core(b, cpu))
			cpuset_add(&s, c);
	}
	return s;
}

static inline unsigned big_die(const struct big_host *b, unsigned cpu)
{
	unsigned die = big_core(b, cpu) / b->cores, last = b->packages * b->dies - 1;

	return die > last ? last : die;
}

static inline struct cpuset big_die_cpus(const struct big_host *b, unsigned die)
{
	struct cpuset s = { 0 };

	for (unsigned c = 0; c < big_cpus(b); c++) {
		if (big_die(b, c) == die)
			cpuset_add(&s, c);
	}
	return s;
}

static inline void big_put_cpu(struct fs_tree *t, const struct big_host *b, unsigned cpu, const char *die_list)
{
	static const char *const states[] = { "POLL", "C1", "C1E", "C6" };
	static const unsigned latency[] = { 0, 1, 2, 190 };
	struct cpuset siblings = big_siblings(b, cpu);
	unsigned die = big_die(b, cpu);
	char list[64], path[128];

	cpuset_list(&siblings, list, sizeof(list));
#define BIG_FILE(name, ...) (text_print(path, sizeof(path), "sys/devices/system/cpu/cpu%u/" name, cpu), big_put(t, path, __VA_ARGS__))
	BIG_FILE("topology/thread_siblings_list", "%s\n", list);
	BIG_FILE("topology/physical_package_id", "%u\n", die / b->dies);
	BIG_FILE("topology/die_id", "%u\n", die % b->dies);
	BIG_FILE("topology/core_id", "%u\n", big_core(b, cpu));
	BIG_FILE("cache/index0/level", "1\n");
	BIG_FILE("cache/index0/type", "Data\n");
	BIG_FILE("cache/index0/size", "32K\n");
	BIG_FILE("cache/index0/shared_cpu_list", "%s\n", list);
	BIG_FILE("cache/index1/level", "3\n");
	BIG_FILE("cache/index1/type", "Unified\n");
	BIG_FILE("cache/index1/size", "32768K\n");
	BIG_FILE("cache/index1/shared_cpu_list", "%s\n", die_list);
	BIG_FILE("power/pm_qos_resume_latency_us", "0\n");
	for (unsigned s = 0; s < 4; s++) {
		text_print(path, sizeof(path), "sys/devices/system/cpu/cpu%u/cpuidle/state%u/name", cpu, s);
		big_put(t, path, "%s\n", states[s]);
		text_print(path, sizeof(path), "sys/devices/system/cpu/cpu%u/cpuidle/state%u/latency", cpu, s);
		big_put(t, path, "%u\n", latency[s]);
		text_print(path, sizeof(path), "sys/devices/system/cpu/cpu%u/cpuidle/state%u/disable", cpu, s);
		big_put(t, path, "%u\n", s == 3 && cpu % 4 == 1);
	}
#undef BIG_FILE
	text_print(path, sizeof(path), "sys/devices/system/cpu/cpufreq/policy%u/affected_cpus", cpu);
	big_put(t, path, "%u\n", cpu);
	text_print(path, sizeof(path), "sys/devices/system/cpu/cpufreq/policy%u/scaling_driver", cpu);
	big_put(t, path, "intel_pstate\n");
	text_print(path, sizeof(path), "sys/devices/system/cpu/cpufreq/policy%u/scaling_governor", cpu);
	big_put(t, path, cpu % 2 ? "powersave\n" : "performance\n");
}

static inline void big_put_cpus(struct fs_tree *t, const struct big_host *b)
{
	unsigned n = big_cpus(b), dies = b->packages * b->dies;
	char list[1024], path[128];

	for (unsigned die = 0; die < dies; die++) {
		struct cpuset cpus = big_die_cpus(b, die);

		cpuset_list(&cpus, list, sizeof(list));
		text_print(path, sizeof(path), "sys/devices/system/node/node%u/cpulist", die);
		big_put(t, path, "%s\n", list);
		text_print(path, sizeof(path), "sys/devices/system/node/node%u/meminfo", die);
		big_put(t, path, "Node %u MemTotal:  67108864 kB\nNode %u MemFree:  33554432 kB\n", die, die);
		text_print(path, sizeof(path), "sys/devices/system/node/node%u/hugepages/hugepages-1048576kB/nr_hugepages", die);
		big_put(t, path, "%u\n", die + 1);
		for (int c = -1; (c = cpuset_next(&cpus, c)) >= 0;)
			big_put_cpu(t, b, (unsigned) c, list);
	}
	big_put(t, "sys/devices/system/cpu/online", "0-%u\n", n - 1);
	big_put(t, "sys/devices/system/cpu/possible", "0-%u\n", n - 1);
	big_put(t, "sys/devices/system/cpu/present", "0-%u\n", n - 1);
	big_put(t, "sys/devices/system/cpu/isolated", "%s\n", b->isolated);
	big_put(t, "sys/devices/system/cpu/nohz_full", "%s\n", b->nohz_full);
	big_put(t, "sys/devices/system/cpu/smt/active", "%u\n", b->threads > 1);
	if (b->efficient) {
		big_put(t, "sys/devices/cpu_core/cpus", "0-%u\n", n - b->efficient - 1);
		big_put(t, "sys/devices/cpu_atom/cpus", "%u-%u\n", n - b->efficient, n - 1);
	}
}

/* Interrupt 24 + i belongs to queue i % 64 of card i / 64; every other card's are managed. */
static inline void big_put_irqs(struct fs_tree *t, const struct big_host *b)
{
	struct sink text = { 0 };
	unsigned n = big_cpus(b);
	char path[128];

	for (unsigned c = 0; c < n; c++)
		sink_printf(&text, "%*sCPU%u", c ? 7 : 11, "", c);
	sink_put(&text, "\n");
	for (unsigned i = 0; i < b->irqs; i++) {
		unsigned nr = 24 + i, card = i / 64, cpu = i % n;
		struct fs_tree_entry e = { .path = path, .kind = FS_FILE, .mode = card % 2 ? 0444 : 0644, .data = "1\n", .len = 2 };

		text_print(path, sizeof(path), "proc/irq/%u/smp_affinity", nr);
		fs_tree_add(t, &e);
		text_print(path, sizeof(path), "proc/irq/%u/smp_affinity_list", nr);
		big_put(t, path, "%u\n", cpu);
		text_print(path, sizeof(path), "proc/irq/%u/effective_affinity_list", nr);
		big_put(t, path, "%u\n", cpu);
		text_print(path, sizeof(path), "proc/irq/%u/node", nr);
		big_put(t, path, "%u\n", big_die(b, cpu));
		text_print(path, sizeof(path), "sys/kernel/irq/%u/actions", nr);
		big_put(t, path, "card%u-rx-%u\n", card, i % 64);
		text_print(path, sizeof(path), "sys/bus/pci/devices/0000:%02x:00.0/msi_irqs/%u", card + 1, nr);
		big_put(t, path, "msix\n");
		sink_printf(&text, "%4u: ", nr);
		for (unsigned c = 0; c < n; c++)
			sink_printf(&text, " %u", c == cpu ? nr * 10 : 0);
		sink_printf(&text, " PCI-MSIX-0000:%02x:00.0 %u-edge card%u-rx-%u\n", card + 1, i % 64, card, i % 64);
	}
	big_put(t, "proc/interrupts", "%s", text.text);
	sink_free(&text);
}

static inline void big_open(const struct big_host *b, struct fs *fs)
{
	struct fs_tree *t = fs_tree_new();

	big_put_cpus(t, b);
	big_put_irqs(t, b);
	big_put(t, "proc/irq/default_smp_affinity", "3\n");
	big_put(t, "proc/cpuinfo", "processor\t: 0\nvendor_id\t: GenuineIntel\nmodel name\t: Example %s\nflags\t: fpu\n", b->name);
	big_put(t, "proc/sys/kernel/osrelease", "6.12.0-big\n");
	big_put(t, "proc/sys/kernel/version", "#1 SMP PREEMPT_DYNAMIC\n");
	big_put(t, "proc/sys/kernel/hostname", "%s\n", b->name);
	big_put(t, "proc/cmdline", "%s\n", b->cmdline);
	big_put(t, "proc/meminfo", "MemTotal: %u kB\nMemAvailable: 1024 kB\n", b->packages * b->dies * 67108864u);
	big_put(t, "proc/stat", "cpu  100 0 100 800 0 0 0 0 0 0\n");
	big_put(t, "proc/self/mountinfo", "30 1 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n");
	big_put(t, "sys/fs/cgroup/cgroup.controllers", "cpuset cpu io memory pids\n");
	big_put(t, "sys/fs/cgroup/cpuset.cpus.isolated", "\n");
	big_put(t, "sys/fs/cgroup/vm.slice/cpuset.cpus.partition", "isolated invalid (Cpu list in cpuset.cpus not exclusive)\n");
	big_put(t, "sys/fs/cgroup/vm.slice/cpuset.cpus.effective", "0-3\n");
	fs_of_tree(fs, t, b->name);
}

#endif
