/* SPDX-License-Identifier: Apache-2.0 */
#include "report/bootline.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/vec.h"

/* Parameters of Documentation/admin-guide/kernel-parameters.txt that change when the kernel runs what, and where. */
static const char *const shown[] = {
	"audit",
	"clocksource",
	"cpuidle.",
	"cpuidle_haltpoll",
	"default_hugepagesz",
	"hugepages",
	"hugepagesz",
	"idle",
	"intel_idle.",
	"intel_iommu",
	"intel_pstate",
	"amd_iommu",
	"amd_pstate",
	"iommu",
	"irqaffinity",
	"irqchip.gicv3_pseudo_nmi",
	"isolcpus",
	"kthread_cpus",
	"kvm.",
	"kvm_amd.",
	"kvm_intel.",
	"lockdown",
	"maxcpus",
	"mce",
	"mitigations",
	"nmi_watchdog",
	"nohz",
	"nohz_full",
	"no_timer_check",
	"nosmt",
	"nosoftlockup",
	"nospectre_v2",
	"nowatchdog",
	"nr_cpus",
	"pcie_aspm",
	"preempt",
	"processor.max_cstate",
	"psi",
	"rcu_nocb_poll",
	"rcu_nocbs",
	"rcupdate.",
	"rcutree.",
	"skew_tick",
	"spectre_v2",
	"swiotlb",
	"threadirqs",
	"transparent_hugepage",
	"tsc",
	"workqueue.",
};

/* A name that ends with a dot stands for all parameters of that module. */
static bool is_shown(const char *word, size_t len)
{
	size_t name = strcspn(word, "= ");

	name = name < len ? name : len;
	for (size_t i = 0; i < sizeof(shown) / sizeof(*shown); i++) {
		size_t n = strlen(shown[i]);

		if (shown[i][n - 1] == '.' ? name > n && memcmp(word, shown[i], n) == 0
					   : name == n && memcmp(word, shown[i], n) == 0)
			return true;
	}
	return false;
}

char *bootline_public(const char *cmdline)
{
	char *all = NULL;
	unsigned hidden = 0;

	for (const char *at = cmdline + strspn(cmdline, " \n"); *at; at += strspn(at, " \n")) {
		size_t len = strcspn(at, " \n");

		if (is_shown(at, len)) {
			char *longer = xprintf("%s%s%.*s", all ? all : "", all ? " " : "", (int) len, at);

			free(all);
			all = longer;
		} else {
			hidden++;
		}
		at += len;
	}
	if (hidden) {
		char *longer = xprintf("%s%s%u %s that %s not bear on timing", all ? all : "", all ? ", and " : "", hidden,
				       hidden == 1 ? "parameter" : "parameters", hidden == 1 ? "does" : "do");

		free(all);
		all = longer;
	}
	return all;
}
