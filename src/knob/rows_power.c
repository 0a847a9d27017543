/* SPDX-License-Identifier: Apache-2.0 */
/* Rows: clock speed and sleep of processors. */
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "base/vec.h"
#include "knob/internal.h"
#include "knob/look.h"

#define CPUFREQ "sys/devices/system/cpu/cpufreq/policy%s/"

/* Drivers that offer no such governor (or no choice at all) are left alone. */
static bool governor(const struct knob_ctx *c, const char *now, char *buf, size_t cap)
{
	(void) c;
	return !text_eq(now, "performance") && !text_print(buf, cap, "performance");
}

const struct knob knob_pwr_governor = {
	.id = "pwr.governor",
	.title = "processors run at full clock",
	.why = "a governor that lowers the clock makes the first requests after a pause slow, and timing uneven",
	.cost = "power and heat",
	.source = "Documentation/admin-guide/pm/cpufreq.rst",
	.unit = "policies",
	ROLES(W("performance", 7), W("performance", 6), W("performance", 3), W("performance", 7)),
	.order = ORDER_POWER + 1,
	FILES({ .path = CPUFREQ "scaling_governor", .per = PER_POLICY, .form = VALUE_TEXT, .choose = governor }),
};

/* Before the governor: with governor "performance" the driver refuses writes here (EBUSY). */
const struct knob knob_pwr_epp = {
	.id = "pwr.epp",
	.title = "hardware prefers performance",
	.why = "the processor itself picks the clock by this preference; others let it rise slowly",
	.cost = "power and heat",
	.source = "Documentation/admin-guide/pm/intel_pstate.rst, amd-pstate.rst",
	.unit = "policies",
	ROLES(W("performance|0", 6), W("performance|0", 5), LEAVE, W("performance|0", 6)),
	.order = ORDER_POWER,
	FILES({ .path = CPUFREQ "energy_performance_preference", .per = PER_POLICY, .form = VALUE_TEXT, .want = "performance" }),
};

/* Held by a descriptor: the kernel takes the request back when vlat ends, however it ends. */
static int list_dma_latency(const struct knob *k, const struct knob_ctx *c, struct settings *out, struct err *err)
{
	const char *own = ctx_own(c, &k->files[0]);
	struct setting *s;
	char driver[32];

	(void) err;
	if (!fs_exists(c->fs, "dev/cpu_dma_latency")) {
		list_absent(out, "/dev/cpu_dma_latency", "this kernel does not offer it");
		return 0;
	}
	if (fs_read(c->fs, "sys/devices/system/cpu/cpuidle/current_driver", driver, sizeof(driver)) < 0 ||
	    text_eq(driver, "none")) {
		list_absent(out, "/dev/cpu_dma_latency", "no idle-state driver: there are no deep sleep states to avoid");
		return 0;
	}
	s = settings_add(out, SETTING_HOLD, "dev/cpu_dma_latency");
	s->before = xstrdup("no limit");
	s->after = xstrdup(own ? own : k->files[0].want);
	text_print(s->target, sizeof(s->target), "/dev/cpu_dma_latency (us)");
	text_print(s->reason, sizeof(s->reason), "%s", own ? "a value of the profile's own" : "");
	if (c->fs->live && access("/dev/cpu_dma_latency", W_OK) < 0) {
		s->state = SETTING_BLOCKED;
		text_print(s->reason, sizeof(s->reason), "needs root");
	}
	return 0;
}

const struct knob knob_pwr_cpu_dma_latency = {
	.id = "pwr.cpu_dma_latency",
	.title = "no deep sleep while measuring",
	.why = "leaving a deep idle state takes 50 to 200 us and finds the caches cold",
	.cost = "power; less turbo for the busy cores",
	.source = "Documentation/power/pm_qos_interface.rst",
	ROLES(W("?", 0), W("?", 0), LEAVE, W("?", 0)),
	.check = check_dma_latency,
	.cure = "hold /dev/cpu_dma_latency open with a 32-bit 0 written, as long as the work runs; vlat does while it measures",
	.dispute = "tuned holds it for ever and for all CPUs, OpenShift limits C-states at boot; per-CPU limits "
		   "(pwr.cstate_disable) cost less, so this is only shown",
	.order = ORDER_POWER,
	.list = list_dma_latency,
	FILES({ .path = "dev/cpu_dma_latency", .form = VALUE_NUMBER, .want = "3" }),
};
