/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One row for each boot parameter that matters for latency, with the function
 * that looks whether the kernel did what it says.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/cursor.h"
#include "base/text.h"
#include "base/value.h"
#include "base/vec.h"
#include "host/cmdline.h"

#define CPU_DIR "sys/devices/system/cpu"

struct look {
	const struct fs *fs;
	const struct kernel_facts *kernel;
	const struct cpu_facts *cpu;
};

struct effect_row {
	const char *name;
	/* Fills effect, seen, from and why; NULL = nothing tells. */
	void (*see)(const struct look *l, const char *value, const struct effect_row *row, struct cmdline_effect *out);
	const char *path, *want; /* for see_choice: the file, and what it must hold; want NULL = the value itself */
};

static void say(struct cmdline_effect *out, enum effect effect, const char *why)
{
	out->effect = effect;
	text_print(out->why, sizeof(out->why), "%s", effect == EFFECT_YES ? "" : why);
}

static void compare_sets(const struct cpuset *want, const struct cpuset *have, struct cmdline_effect *out)
{
	struct cpuset both = cpuset_and(want, have);

	if (cpuset_within(want, have))
		say(out, EFFECT_YES, "");
	else
		say(out, cpuset_empty(&both) ? EFFECT_NO : EFFECT_PARTLY, "the kernel knows another list");
}

static void see_isolcpus(const struct look *l, const char *value, const struct effect_row *row, struct cmdline_effect *out)
{
	struct isolcpus asked;
	struct cpuset beyond;

	cpuset_list(&l->cpu->isolated, out->seen, sizeof(out->seen));
	text_print(out->from, sizeof(out->from), "%s", row->path);
	if (isolcpus_parse(value, &asked) < 0) {
		out->effect = EFFECT_NO;
		text_print(out->why, sizeof(out->why),
			   "\"%s\" is no list of CPUs and no flag: the kernel drops the whole parameter", asked.bad);
		return;
	}
	if (!fs_exists(l->fs, row->path)) {
		say(out, EFFECT_NONE_TO_SEE, "the file that tells is not there");
		return;
	}
	beyond = cpuset_minus(&asked.cpus, &l->cpu->possible);
	if (!asked.domain) {
		say(out, EFFECT_NONE_TO_SEE, "without the flag domain, no file tells of it");
		return;
	}
	asked.cpus = cpuset_and(&asked.cpus, &l->cpu->possible);
	compare_sets(&asked.cpus, &l->cpu->isolated, out);
	if (out->effect == EFFECT_YES && !cpuset_empty(&beyond))
		say(out, EFFECT_PARTLY, "some of these CPUs do not exist here");
}

static void see_nohz_full(const struct look *l, const char *value, const struct effect_row *row, struct cmdline_effect *out)
{
	const char *built = kernel_option(l->kernel, "NO_HZ_FULL");
	struct cpuset asked;

	cpuset_list(&l->cpu->nohz_full, out->seen, sizeof(out->seen));
	text_print(out->from, sizeof(out->from), "%s", row->path);
	if (cpuset_parse_list(value, &asked) < 0) {
		say(out, cpuset_empty(&l->cpu->nohz_full) ? EFFECT_NO : EFFECT_NONE_TO_SEE, "that is no list of CPUs");
		return;
	}
	if (!fs_exists(l->fs, CPU_DIR "/isolated") && !fs_exists(l->fs, row->path)) {
		say(out, EFFECT_NONE_TO_SEE, "the file that tells is not there");
		return;
	}
	/* The boot CPU keeps the tick and is taken off the list without a word that lasts. */
	cpuset_del(&asked, 0);
	compare_sets(&asked, &l->cpu->nohz_full, out);
	if (out->effect == EFFECT_NO && built && text_eq(built, "n"))
		say(out, EFFECT_NO, "this kernel is built without NO_HZ_FULL");
	else if (out->effect == EFFECT_NO)
		say(out, EFFECT_NO, "the kernel refused: no NO_HZ_FULL, or isolcpus=nohz,... has another list");
}

/* The choice in brackets, or the whole file. */
static void see_choice(const struct look *l, const char *value, const struct effect_row *row, struct cmdline_effect *out)
{
	char text[256], clean[128];
	const char *want = row->want ? row->want : value;
	int r = fs_read(l->fs, row->path, text, sizeof(text));

	text_print(out->from, sizeof(out->from), "%s", row->path);
	if (r < 0) {
		out->effect = EFFECT_NONE_TO_SEE;
		text_print(out->why, sizeof(out->why), "%s", strerror(-r));
		return;
	}
	if (!value_clean(strchr(text, '[') ? VALUE_CHOICE : VALUE_TEXT, text, clean, sizeof(clean)))
		clean[0] = '\0';
	text_print(out->seen, sizeof(out->seen), "%s", clean);
	if (value_same(VALUE_TEXT, clean, want) || (row->want && text_starts(clean, want)))
		say(out, EFFECT_YES, "");
	else
		say(out, EFFECT_NO, "it is otherwise now: refused at boot, or changed since");
}

static void see_smt(const struct look *l, const char *value, const struct effect_row *row, struct cmdline_effect *out)
{
	(void) value;
	(void) row;
	text_print(out->seen, sizeof(out->seen), "%s", l->cpu->smt_control);
	text_print(out->from, sizeof(out->from), "sys/devices/system/cpu/smt/control");
	if (!l->cpu->smt_known)
		say(out, EFFECT_NONE_TO_SEE, "this kernel does not tell of SMT");
	else
		say(out, l->cpu->smt_active ? EFFECT_NO : EFFECT_YES, "hardware threads share cores now");
}

static void see_irqaffinity(const struct look *l, const char *value, const struct effect_row *row, struct cmdline_effect *out)
{
	struct cpuset asked, now;
	int r = fs_read_cpumask(l->fs, row->path, &now);

	text_print(out->from, sizeof(out->from), "%s", row->path);
	if (r < 0 || cpuset_parse_list(value, &asked) < 0) {
		say(out, EFFECT_NONE_TO_SEE, r < 0 ? "the file cannot be read" : "that is no list of CPUs");
		return;
	}
	now = cpuset_and(&now, &l->cpu->online);
	asked = cpuset_and(&asked, &l->cpu->online);
	cpuset_list(&now, out->seen, sizeof(out->seen));
	say(out, cpuset_equal(&now, &asked) ? EFFECT_YES : EFFECT_NO, "another default stands there now");
}

static void see_hugepages(const struct look *l, const char *value, const struct effect_row *row, struct cmdline_effect *out)
{
	uint64_t want, have;
	int r = fs_read_u64(l->fs, row->path, &have);

	text_print(out->from, sizeof(out->from), "%s", row->path);
	if (r < 0 || text_u64(value, &want) < 0) {
		say(out, EFFECT_NONE_TO_SEE, "a pool of another size, or one per node");
		return;
	}
	text_print(out->seen, sizeof(out->seen), "%llu", (unsigned long long) have);
	if (have >= want)
		say(out, EFFECT_YES, "");
	else
		say(out, have ? EFFECT_PARTLY : EFFECT_NONE_TO_SEE,
		    have ? "fewer pages than asked for" : "none of the default size; hugepagesz= may name another");
}

static void see_mitigations(const struct look *l, const char *value, const struct effect_row *row, struct cmdline_effect *out)
{
	struct fs_names names;
	unsigned vulnerable = 0;

	text_print(out->from, sizeof(out->from), "%s", row->path);
	if (fs_list(l->fs, row->path, &names) < 0) {
		say(out, EFFECT_NONE_TO_SEE, "this kernel does not list vulnerabilities");
		return;
	}
	for (size_t i = 0; i < names.n; i++) {
		char text[160];

		if (fs_readf(l->fs, text, sizeof(text), "%s/%s", row->path, names.at[i]) > 0)
			vulnerable += text_starts(text, "Vulnerable");
	}
	fs_list_free(&names);
	text_print(out->seen, sizeof(out->seen), "%u left vulnerable", vulnerable);
	if (text_starts(value, "off"))
		say(out, vulnerable ? EFFECT_YES : EFFECT_NONE_TO_SEE, "this processor may need none");
	else
		say(out, vulnerable ? EFFECT_PARTLY : EFFECT_YES, "some are not mitigated");
}

static void see_preempt(const struct look *l, const char *value, const struct effect_row *row, struct cmdline_effect *out)
{
	(void) row;
	text_print(out->seen, sizeof(out->seen), "%s", l->kernel->preempt);
	if (l->kernel->realtime)
		say(out, EFFECT_NO, "a PREEMPT_RT kernel has one model");
	else if (!strstr(l->kernel->version, "PREEMPT_DYNAMIC"))
		say(out, EFFECT_NO, "this kernel is not built with PREEMPT_DYNAMIC");
	else
		say(out, text_eq(l->kernel->preempt, value) ? EFFECT_YES : EFFECT_NO, "another model runs");
}

static const struct effect_row rows[] = {
	{ .name = "isolcpus", .see = see_isolcpus, .path = CPU_DIR "/isolated" },
	{ .name = "nohz_full", .see = see_nohz_full, .path = CPU_DIR "/nohz_full" },
	{ .name = "rcu_nocbs" },
	{ .name = "rcu_nocb_poll" },
	{ .name = "rcupdate.rcu_normal_after_boot", .see = see_choice, .path = "sys/kernel/rcu_normal" },
	{ .name = "irqaffinity", .see = see_irqaffinity, .path = "proc/irq/default_smp_affinity" },
	{ .name = "threadirqs" },
	{ .name = "preempt", .see = see_preempt },
	{ .name = "skew_tick" },
	{ .name = "nohz" },
	{ .name = "nosmt", .see = see_smt },
	{ .name = "maxcpus" },
	{ .name = "hugepages", .see = see_hugepages, .path = "proc/sys/vm/nr_hugepages" },
	{ .name = "hugepagesz" },
	{ .name = "default_hugepagesz" },
	{ .name = "transparent_hugepage", .see = see_choice, .path = "sys/kernel/mm/transparent_hugepage/enabled" },
	{ .name = "numa_balancing" },
	{ .name = "idle" },
	{ .name = "processor.max_cstate", .see = see_choice, .path = "sys/module/processor/parameters/max_cstate" },
	{ .name = "intel_idle.max_cstate", .see = see_choice, .path = "sys/module/intel_idle/parameters/max_cstate" },
	{ .name = "intel_pstate" },
	{ .name = "amd_pstate" },
	{ .name = "cpufreq.default_governor" },
	{ .name = "pcie_aspm" },
	{ .name = "pcie_aspm.policy", .see = see_choice, .path = "sys/module/pcie_aspm/parameters/policy" },
	{ .name = "intel_iommu" },
	{ .name = "amd_iommu" },
	{ .name = "iommu" },
	{ .name = "iommu.passthrough" },
	{ .name = "iommu.strict" },
	{ .name = "tsc" },
	{ .name = "clocksource", .see = see_choice, .path = "sys/devices/system/clocksource/clocksource0/current_clocksource" },
	{ .name = "nmi_watchdog", .see = see_choice, .path = "proc/sys/kernel/nmi_watchdog" },
	{ .name = "nowatchdog", .see = see_choice, .path = "proc/sys/kernel/watchdog", .want = "0" },
	{ .name = "nosoftlockup", .see = see_choice, .path = "proc/sys/kernel/soft_watchdog", .want = "0" },
	{ .name = "mce" },
	{ .name = "audit" },
	{ .name = "mitigations", .see = see_mitigations, .path = CPU_DIR "/vulnerabilities" },
	{ .name = "workqueue.unbound_cpus" },
	{ .name = "kthread_cpus" },
	{ .name = "systemd.unified_cgroup_hierarchy" },
	{ .name = "psi" },
	{ .name = "kvm.halt_poll_ns", .see = see_choice, .path = "sys/module/kvm/parameters/halt_poll_ns" },
};

void cmdline_facts_read(const struct fs *fs, const struct kernel_facts *kernel, const struct cpu_facts *cpu,
			struct cmdline_facts *ret)
{
	struct look l = { .fs = fs, .kernel = kernel, .cpu = cpu };
	VEC(struct cmdline_effect) list = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct cmdline_effect e = { .name = rows[i].name };
		struct cmdline_param p;

		if (!cmdline_find(kernel->cmdline, rows[i].name, &p))
			continue;
		text_print(e.value, sizeof(e.value), "%s", p.value);
		if (rows[i].see)
			rows[i].see(&l, p.value, &rows[i], &e);
		*vec_add(&list) = e;
	}
	*ret = (struct cmdline_facts){ .at = list.at, .n = list.n };
}

void cmdline_facts_free(struct cmdline_facts *f)
{
	free(f->at);
	*f = (struct cmdline_facts){ 0 };
}

const struct cmdline_effect *cmdline_effect(const struct cmdline_facts *f, const char *name)
{
	for (size_t i = 0; i < f->n; i++) {
		if (text_eq(f->at[i].name, name))
			return &f->at[i];
	}
	return NULL;
}
