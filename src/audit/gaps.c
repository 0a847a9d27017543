/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A copy of a part of a machine (a sosreport, a capture that knew fewer knobs)
 * lacks files that the machine may well have.  Whether a knob's files were
 * asked for in vain, the fs notes (base/fs.h); but some knobs judge facts that
 * were read once for all.  What those facts come from stands in the table.
 */
#include "audit/gaps.h"

#include "base/cleanup.h"
#include "base/text.h"

struct need {
	const char *knobs; /* the beginning of their ids */
	const char *path;  /* what their facts are read from */
	bool verdict;      /* "none of them" is their way to say ok: without the facts that is no verdict */
};

/* The first that fits counts. */
static const struct need needs[] = {
	{ "ctr.", "proc/self/mountinfo", false },
	{ "fw.microcode", "proc/cpuinfo", false },
	{ "gst.", "proc/1", false },
	{ "iso.boot_without_cpuset", "proc/1", true },
	{ "iso.kthread_affinity", "proc/1", true },
	{ "iso.managed_irq", "proc/irq", false },
	{ "iso.rcuo_affinity", "proc/1", false },
	{ "irq.affinity", "proc/irq", false },
	{ "irq.irqbalance", "proc/1", true },
	{ "irq.other_daemons", "proc/1", true },
	{ "irq.pit_thread", "proc/1", true },
	{ "irq.queue_count", "sys/class/net", false },
	{ "irq.thread_prio", "proc/1", false },
	{ "irq.two_tuners", "proc/1", true },
	{ "mem.mlock", "proc/1", false },
	{ "mem.dirty", "proc/sys/vm/dirty_ratio", false },
	{ "mem.memcg", "proc/1", false },
	{ "mem.numa_bind", "proc/1", false },
	{ "net.conntrack", "proc/sys/net", true },
	{ "net.vhost_", "proc/1", false },
	{ "net.virtio_queue", "proc/1", false },
	{ "net.", "sys/class/net", false },
	{ "pci.", "sys/class/net", false },
	{ "pwr.cstate_disable", "sys/devices/system/cpu/cpu0/cpuidle", false },
	{ "pwr.minfreq", "sys/devices/system/cpu/cpufreq/policy0/scaling_min_freq", false },
	{ "pwr.device_pm", "sys/class/net", false },
	{ "sch.cfs_quota", "proc/1", false },
	{ "sch.fifo_throttle", "proc/1", false },
	{ "sch.prio_map", "proc/1", false },
	{ "sch.rlimits", "proc/1", false },
	{ "sch.rt_group", "proc/self/mountinfo", false },
	{ "sch.stalld", "proc/1", true },
	{ "sch.task_affinity", "proc/1", true },
	{ "sch.vcpu_policy", "proc/1", false },
	{ "vm.", "proc/1", false },
};

static void say(struct setting *s, const struct fs_gaps *g)
{
	text_print(s->reason, sizeof(s->reason), "this copy of the machine does not hold /%s", g->first);
	s->state = SETTING_UNSEEN;
}

static bool all_are(const struct settings *list, bool with_same)
{
	for (size_t i = 0; i < list->n; i++) {
		enum setting_state s = list->at[i].state;

		if (s != SETTING_ABSENT && !(with_same && s == SETTING_SAME))
			return false;
	}
	return list->n > 0;
}

static bool lacks_facts(const struct fs *fs, const struct knob *k, bool *ret_verdict)
{
	for (size_t i = 0; i < ARRAY_SIZE(needs); i++) {
		if (!text_starts(k->id, needs[i].knobs))
			continue;
		*ret_verdict = needs[i].verdict;
		return !fs_exists(fs, needs[i].path); /* which notes the gap */
	}
	return false;
}

void gaps_start(const struct fs *fs)
{
	if (fs->gaps)
		fs->gaps->n = 0;
}

void gaps_tell(const struct fs *fs, const struct knob *k, struct settings *list)
{
	bool verdict = false;

	/* A recording has to know later, so it is asked in any case. */
	if (fs->tree && !fs->gaps)
		lacks_facts(fs, k, &verdict);
	if (!fs->gaps || !all_are(list, true))
		return;
	if (!all_are(list, false) || fs->gaps->n == 0) {
		fs->gaps->n = 0;
		if (!lacks_facts(fs, k, &verdict) || fs->gaps->n == 0 || !all_are(list, verdict))
			return;
	}
	for (size_t i = 0; i < list->n; i++)
		say(&list->at[i], fs->gaps);
}
