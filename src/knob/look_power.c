/* SPDX-License-Identifier: Apache-2.0 */
/* Rows that are only looked at: clock speed, sleep, heat. */
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "knob/internal.h"
#include "knob/look.h"

#define CPU        "sys/devices/system/cpu/"
#define SHALLOW_US 10u /* C1 and C1E of today's processors leave in less */

/* Shown, not wanted: held only while somebody measures. The device is for root; its value is a 32-bit number. */
int check_dma_latency(const struct knob *k, const struct knob_ctx *c, struct settings *out, struct err *err)
{
	const struct power_facts *p = &c->look->machine->power;
	char now[48];

	(void) err;
	if (!p->qos_known) {
		look_missing(c, out, "dev/cpu_dma_latency", "/dev/cpu_dma_latency");
		return 0;
	}
	if (p->qos_us == QOS_NONE)
		text_print(now, sizeof(now), "no limit");
	else
		text_print(now, sizeof(now), "%lld us", (long long) p->qos_us);
	look_value(k, c, out, "/dev/cpu_dma_latency", VALUE_TEXT, now);
	return 0;
}

/* Is deep sleep ruled out on all of these CPUs by a limit: the machine's, or each CPU's own? "0" is no limit. */
static bool latency_limited(const struct knob_ctx *c)
{
	const struct power_facts *p = &c->look->machine->power;
	uint64_t us;

	if (p->qos_known && p->qos_us >= 0 && p->qos_us <= SHALLOW_US)
		return true;
	for (int cpu = -1; (cpu = cpuset_next(&c->split->isolated, cpu)) >= 0;) {
		const char *v = groups_value(&p->resume_latency, (unsigned) cpu);

		if (!v || (!text_eq(v, "n/a") && (text_u64(v, &us) < 0 || us == 0 || us > SHALLOW_US)))
			return false;
	}
	return true;
}

static int check_cstates(const struct knob *k, const struct knob_ctx *c, struct settings *out, struct err *err)
{
	const struct power_facts *p = &c->look->machine->power;
	bool limited;

	(void) k;
	(void) err;
	if (p->n_states == 0) {
		list_absent(out, "idle states", "the kernel has no idle-state driver here");
		return 0;
	}
	limited = latency_limited(c);
	for (size_t i = 0; i < p->n_states; i++) {
		const struct idle_state *s = &p->states[i];
		struct cpuset open = cpuset_and(&c->split->isolated, &s->cpus);
		char target[64], now[VALUE_MAX], list[VALUE_MAX];

		if (s->latency_us <= SHALLOW_US)
			continue;
		open = cpuset_minus(&open, &s->disabled);
		text_print(target, sizeof(target), "%s (%llu us to leave)", s->name, (unsigned long long) s->latency_us);
		if (limited || cpuset_empty(&open))
			text_print(now, sizeof(now), limited ? "ruled out by a latency limit" : "disabled");
		else
			text_print(now, sizeof(now), "enabled on CPUs %s", cpuset_list(&open, list, sizeof(list)));
		look_says(out, limited || cpuset_empty(&open), target, now, "disabled on isolated CPUs");
	}
	if (out->n == 0)
		look_says(out, true, "idle states", "none takes more than 10 us to leave", "shallow");
	return 0;
}

static int check_minfreq(const struct knob *k, const struct knob_ctx *c, struct settings *out, struct err *err)
{
	const struct power_facts *p = &c->look->machine->power;

	(void) k;
	(void) err;
	for (int cpu = -1; (cpu = cpuset_next(&c->split->isolated, cpu)) >= 0;) {
		const char *least = groups_value(&p->min_khz, (unsigned) cpu), *most = groups_value(&p->max_khz, (unsigned) cpu);
		char target[16];

		if (!least || !most)
			continue;
		text_print(target, sizeof(target), "cpu%d", cpu);
		look_says(out, text_eq(least, most), target, least, most);
	}
	if (out->n == 0)
		list_absent(out, "clock limits", "the clock is not the kernel's to set here");
	return 0;
}

static int check_uncore(const struct knob *k, const struct knob_ctx *c, struct settings *out, struct err *err)
{
	static const char dir[] = CPU "intel_uncore_frequency";
	struct fs_names names;

	(void) k;
	(void) err;
	if (fs_list(c->fs, dir, &names) == 0) {
		for (size_t i = 0; i < names.n; i++) {
			char most[32], path[160];
			struct setting *s;

			if (fs_readf(c->fs, most, sizeof(most), "%s/%s/max_freq_khz", dir, names.at[i]) < 0 ||
			    text_print(path, sizeof(path), "%s/%s/min_freq_khz", dir, names.at[i]))
				continue;
			s = look_path(c, out, path, VALUE_NUMBER, most);
			if (s)
				text_print(s->target, sizeof(s->target), "%.60s", names.at[i]);
		}
		fs_list_free(&names);
	}
	if (out->n == 0)
		look_missing(c, out, dir, "uncore clock");
	return 0;
}

/* Network cards only: what else sleeps is not in the way of packets. */
static int check_device_pm(const struct knob *k, const struct knob_ctx *c, struct settings *out, struct err *err)
{
	const struct nic_facts *nics = &c->look->machine->nic;

	(void) k;
	(void) err;
	for (size_t i = 0; i < nics->n; i++) {
		char path[128];
		struct setting *s;

		if (!nics->at[i].device[0] ||
		    text_print(path, sizeof(path), "sys/class/net/%s/device/power/control", nics->at[i].name))
			continue;
		s = look_path(c, out, path, VALUE_TEXT, "on");
		if (s)
			text_print(s->target, sizeof(s->target), "%s (%s)", nics->at[i].name, nics->at[i].device);
	}
	if (out->n == 0)
		list_absent(out, "network cards", "none has power management");
	return 0;
}

static const struct knob rows[] = {
	{
		.id = "pwr.cpuidle_gov",
		.title = "the governor of idle states",
		.why = "it predicts how long a CPU will sleep; a wrong guess is a deep sleep before a quick wake-up",
		.cost = "none",
		.source = "Documentation/admin-guide/pm/cpuidle.rst",
		FILES({ .path = CPU "cpuidle/current_governor", .form = VALUE_TEXT }),
		ROLES(W("menu|teo", 3), W("menu|teo", 2), W("?", 0), W("menu|teo", 3)),
	},
	{
		.id = "pwr.cstate_disable",
		.title = "no deep sleep on isolated CPUs",
		.why = "leaving a deep state takes 50 to 200 us and finds caches cold",
		.cost = "power, and less turbo for the other cores",
		.source = "Documentation/admin-guide/pm/cpuidle.rst",
		ROLES(W("*", 7), W("*", 4), LEAVE, W("*", 8)),
		.check = check_cstates,
		.cure = "write 1 to /sys/devices/system/cpu/cpuN/cpuidle/stateM/disable for each CPU of @iso and each state "
			"named",
		.dispute = "tuned holds /dev/cpu_dma_latency, OpenShift boots with max_cstate limits: both keep all CPUs "
			   "awake; disabling states on isolated CPUs alone is undone by one write and costs least",
	},
	{
		.id = "pwr.device_pm",
		.title = "network cards stay awake",
		.why = "a suspended device needs milliseconds for the first packet",
		.cost = "power",
		.source = "Documentation/ABI/testing/sysfs-devices-power",
		ROLES(W("*", 3), W("*", 3), LEAVE, W("*", 3)),
		.check = check_device_pm,
		.cure = "write on to /sys/class/net/DEVICE/device/power/control",
	},
	{
		.id = "pwr.epb",
		.title = "energy bias of older Intel processors",
		.why = "it delays the rise of the clock and of the caches' clock",
		.cost = "power",
		.source = "Documentation/admin-guide/pm/intel_epb.rst",
		FILES({ .path = CPU "cpu%s/power/energy_perf_bias", .per = PER_ISOLATED_CPU, .form = VALUE_TEXT }),
		ROLES(W("0|performance", 4), W("0|performance", 3), LEAVE, W("0|performance", 4)),
	},
	{
		.id = "pwr.hwp_boost",
		.title = "no boosts that come and go",
		.why = "the driver raises the clock for moments after I/O: variation instead of speed",
		.cost = "power",
		.source = "Documentation/admin-guide/pm/intel_pstate.rst",
		FILES({ .path = CPU "intel_pstate/hwp_dynamic_boost", .form = VALUE_NUMBER },
		      { .path = CPU "intel_pstate/energy_efficiency", .form = VALUE_NUMBER }),
		ROLES(W("0", 1), LEAVE, LEAVE, W("0", 1)),
	},
	{
		.id = "pwr.idle_poll",
		.title = "the host's idle loop sleeps",
		.why = "with idle=poll every CPU burns full power for ever: hot, without turbo, and starving its hardware "
		       "sibling",
		.cost = "none: it is the default",
		.source = "Documentation/admin-guide/kernel-parameters.txt, idle",
		BOOT("idle", "sleeps", VALUE_TEXT),
		ROLES(W("!poll", 6), W("!poll", 6), LEAVE, W("?", 0)),
		.cure = "take idle=poll off the kernel command line; limit the sleep of isolated CPUs instead "
			"(pwr.cstate_disable)",
	},
	{
		.id = "pwr.max_cstate",
		.title = "deep sleep forbidden at boot",
		.why = "the same as pwr.cstate_disable, but for all CPUs and until the next boot: only shown",
		.cost = "no core ever sleeps",
		.source = "Documentation/admin-guide/kernel-parameters.txt, intel_idle.max_cstate",
		.when = KNOB_BOOT,
		FILES({ .path = "sys/module/intel_idle/parameters/max_cstate", .form = VALUE_NUMBER },
		      { .path = "sys/module/processor/parameters/max_cstate", .form = VALUE_NUMBER }),
		ROLES(W("?", 0), W("?", 0), LEAVE, W("?", 0)),
	},
	{
		.id = "pwr.minfreq",
		.title = "isolated CPUs have one clock speed",
		.why = "a clock that does not change causes no pauses while it changes, and constant timing",
		.cost = "power and heat",
		.source = "Documentation/admin-guide/pm/cpufreq.rst; tuned latency-performance",
		ROLES(W("*", 2), LEAVE, LEAVE, W("*", 3)),
		.check = check_minfreq,
		.cure = "write scaling_max_freq into scaling_min_freq of each policy of @iso",
	},
	{
		.id = "pwr.platform_profile",
		.title = "the firmware's power profile",
		.why = "on many machines the firmware's policy overrides what the system asks for",
		.cost = "noise and heat",
		.source = "Documentation/ABI/testing/sysfs-platform_profile",
		FILES({ .path = "sys/firmware/acpi/platform_profile", .form = VALUE_TEXT }),
		ROLES(W("performance", 4), W("performance", 3), LEAVE, W("performance", 4)),
	},
	{
		.id = "pwr.pstate_mode",
		.title = "a driver for the processor's clock",
		.why = "it decides who chooses the clock; with governor performance any mode will do, no driver leaves it to "
		       "chance",
		.cost = "none",
		.source = "Documentation/admin-guide/pm/intel_pstate.rst, amd-pstate.rst",
		.disruptive = true,
		FILES({ .path = CPU "intel_pstate/status", .form = VALUE_TEXT },
		      { .path = CPU "amd_pstate/status", .form = VALUE_TEXT }),
		ROLES(W("!off", 2), W("!off", 2), LEAVE, W("!off", 2)),
		.dispute = "tuned realtime disables the driver, OpenShift chooses by processor; it is unnecessary with "
			   "governor performance, so vlat keeps it",
	},
	{
		.id = "pwr.resume_latency",
		.title = "a limit of each CPU's own on its sleep",
		.why = "one way to rule out deep sleep per CPU; 0 means no limit, n/a means no sleep at all",
		.cost = "power",
		.source = "Documentation/ABI/testing/sysfs-devices-power, pm_qos_resume_latency_us",
		FILES({ .path = CPU "cpu%s/power/pm_qos_resume_latency_us", .per = PER_ISOLATED_CPU, .form = VALUE_TEXT }),
		ROLES(W("?", 0), W("?", 0), LEAVE, W("?", 0)),
		.cure = "pwr.cstate_disable judges the outcome, whichever way it was reached",
	},
	{
		.id = "pwr.throttle",
		.title = "no throttling by heat or power limits",
		.why = "a throttled core runs at a fraction of its clock: no measurement of that time is worth anything",
		.cost = "cooling",
		.source = "arch/x86/kernel/cpu/mce/therm_throt.c",
		.when = KNOB_FIRMWARE,
		FILES({ .path = CPU "cpu%s/thermal_throttle/core_throttle_count", .per = PER_NAME, .form = VALUE_NUMBER },
		      { .path = CPU "cpu%s/thermal_throttle/package_throttle_count", .per = PER_NAME, .form = VALUE_NUMBER }),
		ROLES(W("0", 4), W("0", 4), LEAVE, W("0", 4)),
		.cure = "better cooling, a higher power limit in the firmware, or a lower fixed clock (pwr.minfreq, pwr.turbo)",
	},
	{
		.id = "pwr.turbo",
		.title = "turbo clocks",
		.why = "they make one thread faster and the next step less certain: speed or sameness, the operator's choice",
		.cost = "with turbo, variation; without, speed",
		.source = "Documentation/admin-guide/pm/intel_pstate.rst; tuned cpu-partitioning-powersave",
		FILES({ .path = CPU "intel_pstate/no_turbo", .form = VALUE_NUMBER },
		      { .path = CPU "cpufreq/boost", .form = VALUE_NUMBER }),
		ROLES(W("?", 0), W("?", 0), LEAVE, W("?", 0)),
		.dispute = "tuned latency-performance wants it on, guides for hard real time off: measure both (vlat study)",
	},
	{
		.id = "pwr.uncore",
		.title = "the clock of mesh and last-level cache",
		.why = "it falls under light load and makes memory and interrupts between cores slower",
		.cost = "power of the whole package",
		.source = "Documentation/admin-guide/pm/intel_uncore_frequency_scaling.rst",
		ROLES(W("*", 3), LEAVE, LEAVE, W("*", 3)),
		.check = check_uncore,
		.cure = "write max_freq_khz into min_freq_khz of each package",
	},
};

LOOK_ROWS(look_power, rows);
