/* SPDX-License-Identifier: Apache-2.0 */
/*
 * power - what makes a CPU slow to wake or slow to run: frequency scaling, idle
 * states, energy hints, and who forbids deep sleep at the moment.
 * Documentation/admin-guide/pm/{cpufreq,cpuidle,intel_pstate,amd-pstate,intel_epb}.rst, power/pm_qos_interface.rst.
 */
#ifndef HOST_POWER_H
#define HOST_POWER_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/cpuset.h"
#include "base/fs.h"
#include "host/groups.h"

struct idle_state {
	char name[20];                  /* "C1E", "POLL", "haltpoll" */
	uint64_t latency_us, residency_us; /* as the driver tells it for the first CPU that has the state */
	struct cpuset cpus;             /* that have it */
	struct cpuset disabled;         /* of these, where it is switched off */
};

struct qos_holder {
	pid_t pid;
	char comm[20];
};

enum turbo { TURBO_UNKNOWN, TURBO_OFF, TURBO_ON };

#define QOS_NONE (-1)

struct power_facts {
	struct cpu_groups driver, governor, epp, epb;   /* no groups = not offered */
	struct cpu_groups min_khz, max_khz;             /* the limits that are set */
	/* power/pm_qos_resume_latency_us: "0" = no limit, "n/a" = no latency allowed */
	struct cpu_groups resume_latency;
	enum turbo turbo;
	/* intel_pstate or amd_pstate status: "active", "passive", "guided", "off"; "" */
	char pstate[16];
	/* "none" and "" = no driver: the CPU halts by the architecture's default */
	char idle_driver[24], idle_governor[24];
	struct idle_state *states;                      /* owned */
	size_t n_states;
	/* Latency allowed by /dev/cpu_dma_latency now; QOS_NONE = nobody asks. */
	int64_t qos_us;
	bool qos_known;                                 /* reading that device needs root */
	struct qos_holder *holders;                     /* owned; known to root only */
	size_t n_holders;
};

void power_facts_read(const struct fs *fs, const struct cpuset *online, struct power_facts *ret);
void power_facts_free(struct power_facts *p);
const char *turbo_name(enum turbo t);   /* "unknown" "off" "on" */

#endif
