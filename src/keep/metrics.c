/* SPDX-License-Identifier: Apache-2.0 */
#include "keep/metrics.h"

#include "base/cleanup.h"

typedef void put_fn(const struct metrics *m, const char *name, struct sink *out);

/* https://prometheus.io/docs/instrumenting/exposition_formats/: \, " and newline are escaped in labels. */
static void put_label(struct sink *out, const char *text)
{
	sink_char(out, '"');
	for (; *text; text++) {
		if (*text == '\n')
			sink_put(out, "\\n");
		else if (*text == '"' || *text == '\\')
			sink_printf(out, "\\%c", *text);
		else
			sink_char(out, *text);
	}
	sink_char(out, '"');
}

static void put_build(const struct metrics *m, const char *name, struct sink *out)
{
	sink_printf(out, "%s{version=", name);
	put_label(out, m->version);
	sink_put(out, "} 1\n");
}

static void put_in_force(const struct metrics *m, const char *name, struct sink *out)
{
	sink_printf(out, "%s %d\n", name, m->in_force);
}

static void put_info(const struct metrics *m, const char *name, struct sink *out)
{
	if (!m->in_force)
		return;
	sink_printf(out, "%s{run=", name);
	put_label(out, m->run);
	sink_put(out, ",why=");
	put_label(out, m->why);
	sink_put(out, "} 1\n");
}

static void put_settings(const struct metrics *m, const char *name, struct sink *out)
{
	sink_printf(out, "%s %llu\n", name, (unsigned long long) m->settings);
}

static void put_drifted(const struct metrics *m, const char *name, struct sink *out)
{
	sink_printf(out, "%s %llu\n", name, (unsigned long long) m->drifted);
}

static void put_persisted(const struct metrics *m, const char *name, struct sink *out)
{
	sink_printf(out, "%s %d\n", name, m->persisted);
}

static void put_verify_time(const struct metrics *m, const char *name, struct sink *out)
{
	if (m->verified)
		sink_printf(out, "%s %.3f\n", name, m->verified_at_s);
}

static void put_verify_fine(const struct metrics *m, const char *name, struct sink *out)
{
	if (m->verified)
		sink_printf(out, "%s %d\n", name, m->verified_fine);
}

static void put_interrupts(const struct metrics *m, const char *name, struct sink *out)
{
	for (size_t i = 0; i < m->watch->n_cpus; i++)
		for (size_t k = 0; k < INTERRUPT_KINDS; k++)
			sink_printf(out, "%s{cpu=\"%u\",kind=\"%s\"} %llu\n", name, m->watch->cpus[i].cpu, interrupt_kinds[k],
				    (unsigned long long) m->watch->cpus[i].interrupts[k]);
}

static void put_busy(const struct metrics *m, const char *name, struct sink *out)
{
	for (size_t i = 0; i < m->watch->n_cpus; i++)
		sink_printf(out, "%s{cpu=\"%u\"} %.2f\n", name, m->watch->cpus[i].cpu, m->watch->cpus[i].busy_s);
}

static void put_steal(const struct metrics *m, const char *name, struct sink *out)
{
	for (size_t i = 0; i < m->watch->n_cpus; i++)
		sink_printf(out, "%s{cpu=\"%u\"} %.2f\n", name, m->watch->cpus[i].cpu, m->watch->cpus[i].steal_s);
}

static void put_strangers(const struct metrics *m, const char *name, struct sink *out)
{
	sink_printf(out, "%s{kind=\"kernel\"} %u\n", name, m->watch->k_strangers);
	sink_printf(out, "%s{kind=\"user\"} %u\n", name, m->watch->strangers);
}

static void put_threads(const struct metrics *m, const char *name, struct sink *out)
{
	sink_printf(out, "%s %zu\n", name, m->watch->n_threads);
}

static void put_preempted(const struct metrics *m, const char *name, struct sink *out)
{
	sink_printf(out, "%s %llu\n", name, (unsigned long long) m->watch->preempted);
}

static void put_throttled(const struct metrics *m, const char *name, struct sink *out)
{
	sink_printf(out, "%s{by=\"quota\"} %llu\n", name, (unsigned long long) m->watch->quota);
	sink_printf(out, "%s{by=\"thermal\"} %llu\n", name, (unsigned long long) m->watch->thermal);
}

static void put_rt(const struct metrics *m, const char *name, struct sink *out)
{
	sink_printf(out, "%s %d\n", name, m->watch->rt_limited);
}

static void put_looks(const struct metrics *m, const char *name, struct sink *out)
{
	sink_printf(out, "%s %llu\n", name, (unsigned long long) m->looks);
}

static void put_cost(const struct metrics *m, const char *name, struct sink *out)
{
	sink_printf(out, "%s %.3f\n", name, m->guard_cpu_s);
}

/* clang-format off */
static const struct family {
	const char *name, *type, *help;
	put_fn *put;
} families[] = {
	{ "vlat_build_info", "gauge", "The version of vlat that watches.", put_build },
	{ "vlat_tuning_in_force", "gauge", "1 while a tuning of this host is in force.", put_in_force },
	{ "vlat_tuning_info", "gauge", "The tuning in force: its run and what it is for.", put_info },
	{ "vlat_tuning_settings", "gauge",
	  "Settings that the tuning in force has changed and that can be looked at.", put_settings },
	{ "vlat_tuning_drifted_settings", "gauge", "Of these, the ones that somebody has changed since.", put_drifted },
	{ "vlat_tuning_persisted", "gauge", "1 when a tuning is stored for the next boots.", put_persisted },
	{ "vlat_verify_timestamp_seconds", "gauge", "When vlat verify last looked at the tuning in force.", put_verify_time },
	{ "vlat_verify_success", "gauge", "1 when that vlat verify found everything so.", put_verify_fine },
	{ "vlat_isolated_cpu_interrupts_total", "counter", "Interrupts on an isolated CPU since boot.", put_interrupts },
	{ "vlat_isolated_cpu_busy_seconds_total", "counter", "Time an isolated CPU has worked since boot.", put_busy },
	{ "vlat_isolated_cpu_steal_seconds_total", "counter",
	  "Time the hypervisor took from an isolated CPU since boot.", put_steal },
	{ "vlat_isolated_stray_tasks", "gauge", "Tasks on an isolated CPU that may run elsewhere.", put_strangers },
	{ "vlat_isolated_threads", "gauge", "Threads confined to isolated CPUs.", put_threads },
	{ "vlat_isolated_threads_preempted_total", "counter",
	  "Involuntary switches of such threads since the guard began.", put_preempted },
	{ "vlat_throttled_total", "counter", "Times that a CPU quota or heat held back CPUs, since boot.", put_throttled },
	{ "vlat_realtime_limited", "gauge",
	  "1 while the kernel may take the CPU from real-time tasks (sched_rt_runtime_us).", put_rt },
	{ "vlat_guard_looks_total", "counter", "How often the guard has looked.", put_looks },
	{ "vlat_guard_cpu_seconds_total", "counter", "CPU time of the guard itself.", put_cost },
};
/* clang-format on */

void metrics_text(const struct metrics *m, struct sink *out)
{
	for (size_t i = 0; i < ARRAY_SIZE(families); i++) {
		sink_printf(out, "# HELP %s %s\n# TYPE %s %s\n", families[i].name, families[i].help, families[i].name,
			    families[i].type);
		families[i].put(m, families[i].name, out);
	}
}
