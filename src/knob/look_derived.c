/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checks that hold several things against each other: each part looks right
 * alone, together they are not.
 */
#include <ctype.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "knob/internal.h"
#include "knob/look.h"

/* Words before the CPU list that the kernel skips as unknown flags: nearly always typing errors. */
static bool unknown_flag(const char *value, char *buf, size_t cap)
{
	static const char *const known[] = { "nohz", "domain", "managed_irq" };

	while (isalpha((unsigned char) *value)) {
		size_t n = strcspn(value, ","), i = 0;

		while (i < ARRAY_SIZE(known) && !(strlen(known[i]) == n && strncmp(value, known[i], n) == 0))
			i++;
		if (i == ARRAY_SIZE(known))
			return !text_print(buf, cap, "%.*s", (int) n, value);
		value += n + (value[n] == ',');
	}
	return false;
}

/* The kernel throws a whole isolcpus= away for one bad word, and says so only in its log. */
static int check_isolcpus(const struct knob *k, const struct knob_ctx *c, struct settings *out, struct err *err)
{
	char value[512], flag[64], now[600], list[VALUE_MAX];
	struct isolcpus iso = { 0 };
	struct cpuset missing;

	(void) k;
	(void) err;
	if (!look_boot(c, "isolcpus", value, sizeof(value))) {
		list_absent(out, "isolcpus", "the parameter is not given");
		return 0;
	}
	if (isolcpus_parse(value, &iso) < 0) {
		text_print(now, sizeof(now), "%.300s: thrown away by the kernel for \"%s\"", value, iso.bad);
		look_says(out, false, "isolcpus", now, "flags domain, managed_irq or nohz, then CPUs");
		return 0;
	}
	if (unknown_flag(value, flag, sizeof(flag))) {
		text_print(now, sizeof(now), "%.300s: the kernel skips \"%s\"", value, flag);
		look_says(out, false, "isolcpus", now, "flags domain, managed_irq or nohz, then CPUs");
		return 0;
	}
	missing = cpuset_and(&iso.cpus, &c->facts->cpu.possible);
	missing = cpuset_minus(&missing, &c->facts->cpu.isolated);
	if (iso.domain && !cpuset_empty(&missing)) {
		text_print(now, sizeof(now), "%.300s, but CPUs %s are not isolated", value,
			   cpuset_list(&missing, list, sizeof(list)));
		look_says(out, false, "isolcpus", now, "in effect");
		return 0;
	}
	look_says(out, true, "isolcpus", value, "in effect");
	return 0;
}

/* nohz_full= and isolcpus=nohz share one mask in the kernel: the second that differs is dropped. */
static int check_lists(const struct knob *k, const struct knob_ctx *c, struct settings *out, struct err *err)
{
	char iso_text[512], tick_text[512], rcu_text[512];
	struct isolcpus iso = { 0 };
	struct cpuset tick, rcu;
	bool has_iso = look_boot(c, "isolcpus", iso_text, sizeof(iso_text)) && isolcpus_parse(iso_text, &iso) == 0;
	bool has_tick = look_boot(c, "nohz_full", tick_text, sizeof(tick_text)) && cpuset_parse_list(tick_text, &tick) == 0;
	bool has_rcu = look_boot(c, "rcu_nocbs", rcu_text, sizeof(rcu_text)) && cpuset_parse_list(rcu_text, &rcu) == 0;

	(void) k;
	(void) err;
	if (has_iso && iso.nohz && has_tick)
		look_says(out, cpuset_equal(&iso.cpus, &tick), "isolcpus=nohz and nohz_full", iso_text, tick_text);
	if (has_tick && has_iso && iso.domain)
		look_says(out, cpuset_within(&tick, &iso.cpus), "nohz_full within isolcpus", tick_text, iso_text);
	if (has_rcu && has_tick)
		look_says(out, cpuset_within(&tick, &rcu), "rcu_nocbs holds nohz_full", rcu_text, tick_text);
	if (out->n == 0)
		list_absent(out, "boot lists", "there are no two of isolcpus, nohz_full and rcu_nocbs");
	return 0;
}

static int check_two_tuners(const struct knob *k, const struct knob_ctx *c, struct settings *out, struct err *err)
{
	const struct service_fact *tuned = service_fact(&c->look->machine->service, "tuned");
	char profile[64] = "", now[128];
	bool on = tuned && tuned->pid;

	(void) k;
	(void) err;
	if (on && !service_tuned_profile(c->fs, profile, sizeof(profile)))
		text_print(profile, sizeof(profile), "unknown");
	text_print(now, sizeof(now), on ? "running with profile %s" : "not running%s", profile);
	look_says(out, !on || text_eq(profile, "off"), "tuned", now, "not running while vlat tunes");
	return 0;
}

/* Taken out of load balancing at boot, with no cpuset that gives them to anybody: threads pile up on the first. */
static int check_no_cpuset(const struct knob *k, const struct knob_ctx *c, struct settings *out, struct err *err)
{
	const struct task_facts *tasks = look_tasks(c);
	const struct cpuset *iso = &c->facts->cpu.isolated;
	size_t roaming = 0;
	char now[160];

	(void) k;
	(void) err;
	if (cpuset_count(iso) < 2) {
		list_absent(out, "CPUs isolated at boot", "fewer than two");
		return 0;
	}
	for (size_t i = 0; i < tasks->n; i++) {
		struct cpuset both = cpuset_and(&tasks->at[i].allowed, iso);

		roaming += !task_is_kernel(&tasks->at[i]) && cpuset_count(&both) > 1 && cpuset_within(&tasks->at[i].allowed, iso);
	}
	text_print(now, sizeof(now), "%zu threads that may use several and will not be spread", roaming);
	look_says(out, roaming == 0, "CPUs isolated at boot", roaming ? now : "threads there are pinned one by one",
		  "one CPU for each thread there");
	return 0;
}

/* Both sides poll: the guest never halts, so the host's polling is for nothing, and the sibling thread starves. */
static int check_idle_poll(const struct knob *k, const struct knob_ctx *c, struct settings *out, struct err *err)
{
	char value[32] = "", now[96];
	bool poll = look_boot(c, "idle", value, sizeof(value)) && text_eq(value, "poll");
	bool haltpoll = text_eq(c->look->machine->power.idle_driver, "haltpoll");

	(void) k;
	(void) err;
	text_print(now, sizeof(now), "idle=%s, idle driver %s", poll ? "poll" : "sleeps", haltpoll ? "haltpoll" : "not haltpoll");
	look_says(out, !(poll && (haltpoll || c->facts->cpu.smt_active)), "idle loop", now,
		  "one way of polling, on cores of their own");
	return 0;
}

/* A FIFO thread alone on its CPU is stopped 50 ms in each second unless the throttle is off. */
static int check_throttle(const struct knob *k, const struct knob_ctx *c, struct settings *out, struct err *err)
{
	const struct task_facts *tasks = look_tasks(c);
	char runtime[32] = "", now[128];
	size_t fifo = 0;

	(void) k;
	(void) err;
	for (size_t i = 0; i < tasks->n; i++) {
		const struct task_fact *t = &tasks->at[i];

		fifo += !task_is_kernel(t) && task_is_realtime(t) && t->stat.policy != 6 &&
			cpuset_within(&t->allowed, &c->split->isolated);
	}
	if (fs_read(c->fs, "proc/sys/kernel/sched_rt_runtime_us", runtime, sizeof(runtime)) < 0 || fifo == 0) {
		list_absent(out, "real-time threads", fifo ? "the throttle cannot be read" : "none runs on the isolated CPUs");
		return 0;
	}
	text_print(now, sizeof(now), "%zu real-time threads, sched_rt_runtime_us %s", fifo, runtime);
	look_says(out, text_eq(runtime, "-1"), "isolated CPUs", now, "sched_rt_runtime_us -1");
	return 0;
}

static const struct knob rows[] = {
	{
		.id = "gst.idle_poll",
		.title = "one way of polling, not two",
		.why = "a guest with idle=poll never halts: polling of the host or of haltpoll is wasted, and a hardware sibling "
		       "starves",
		.cost = "none",
		.source = "Documentation/admin-guide/kernel-parameters.txt, idle; seapath/ansible issue 529",
		.when = KNOB_BOOT,
		ROLES(LEAVE, LEAVE, W("*", 4), LEAVE),
		.check = check_idle_poll,
		.cure = "take idle=poll off and use haltpoll (gst.haltpoll); on the host kvm.halt_poll_ns=0 for guests that poll",
	},
	{
		.id = "iso.isolcpus_token",
		.title = "isolcpus= took effect",
		.why = "for one bad word the kernel throws the whole parameter away, with nothing but a line in its log",
		.cost = "none",
		.source = "kernel/sched/isolation.c",
		.when = KNOB_BOOT,
		EVERY_ROLE("*", 8),
		.check = check_isolcpus,
		.cure = "write it as isolcpus=managed_irq,domain,LIST, flags first, and boot",
	},
	{
		.id = "iso.list_match",
		.title = "boot lists agree",
		.why = "the kernel drops the second of nohz_full= and isolcpus=nohz when they differ, and a CPU without a tick "
		       "that is not isolated gets other tasks and its tick back",
		.cost = "none",
		.source = "kernel/sched/isolation.c, housekeeping_setup()",
		.when = KNOB_BOOT,
		EVERY_ROLE("*", 6),
		.check = check_lists,
		.cure = "give isolcpus=, nohz_full= and rcu_nocbs= the same CPUs, @iso",
	},
	{
		.id = "iso.boot_without_cpuset",
		.title = "CPUs isolated at boot have one thread each",
		.why = "without load balancing all threads that may use such CPUs stay on the first of them",
		.cost = "none",
		.source = "moby/moby issue 31086; Documentation/admin-guide/kernel-parameters.txt, isolcpus",
		EVERY_ROLE("*", 6),
		.check = check_no_cpuset,
		.cure = "pin each thread to one CPU, or use a cpuset partition of type root, which balances, instead of "
			"isolcpus=",
	},
	{
		.id = "irq.two_tuners",
		.title = "one tuner at a time",
		.why = "tuned writes many of the same files, and /etc/sysctl.d once more after them: the last writer wins",
		.cost = "what the profile of tuned did",
		.source = "redhat-performance/tuned, tuned-main.conf, reapply_sysctl",
		.when = KNOB_OTHER,
		EVERY_ROLE("*", 5),
		.check = check_two_tuners,
		.cure = "tuned-adm off while vlat tunes, or give vlat's values to a profile of tuned",
	},
	{
		.id = "sch.fifo_throttle",
		.title = "real-time threads are not throttled",
		.why = "threads that fill their CPU with real-time work are stopped for 50 ms in each second while the throttle "
		       "is on",
		.cost = "a real-time thread that never sleeps keeps its CPU for ever",
		.source = "kernel/sched/rt.c; Documentation/scheduler/sched-rt-group.rst",
		ROLES(W("*", 7), W("*", 6), W("*", 7), W("*", 8)),
		.check = check_throttle,
		.cure = "sysctl -w kernel.sched_rt_runtime_us=-1",
	},
};

LOOK_ROWS(look_derived, rows);
