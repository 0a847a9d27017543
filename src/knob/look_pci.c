/* SPDX-License-Identifier: Apache-2.0 */
/* Rows that are only looked at: PCI devices, firmware, the kernel's build. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/cursor.h"
#include "base/text.h"
#include "knob/internal.h"
#include "knob/look.h"

#define PCI_ABI "Documentation/ABI/testing/sysfs-bus-pci"

typedef void nic_fn(const struct knob_ctx *c, const struct nic_fact *n, struct settings *out);

static int each_card(const struct knob_ctx *c, struct settings *out, nic_fn *fn)
{
	const struct nic_facts *nics = &c->look->machine->nic;

	for (size_t i = 0; i < nics->n; i++) {
		if (nics->at[i].device[0])
			fn(c, &nics->at[i], out);
	}
	if (out->n == 0)
		list_absent(out, "network cards", "none tells of it");
	return 0;
}

static bool card_text(const struct knob_ctx *c, const struct nic_fact *n, const char *file, char *buf, size_t cap)
{
	return fs_readf(c->fs, buf, cap, "sys/class/net/%s/device/%s", n->name, file) > 0;
}

static void card_link(const struct knob_ctx *c, const struct nic_fact *n, struct settings *out)
{
	char speed[32], max_speed[32], width[16], max_width[16], now[64], want[64];

	if (!card_text(c, n, "current_link_speed", speed, sizeof(speed)) || text_starts(speed, "Unknown") ||
	    !card_text(c, n, "max_link_speed", max_speed, sizeof(max_speed)) ||
	    !card_text(c, n, "current_link_width", width, sizeof(width)) ||
	    !card_text(c, n, "max_link_width", max_width, sizeof(max_width)))
		return;
	text_print(now, sizeof(now), "%s x%s", speed, width);
	text_print(want, sizeof(want), "%s x%s", max_speed, max_width);
	look_says(out, text_eq(now, want), n->name, now, want);
}

static int check_link(const struct knob *k, const struct knob_ctx *c, struct settings *out, struct err *err)
{
	(void) k;
	(void) err;
	return each_card(c, out, card_link);
}

static void card_node(const struct knob_ctx *c, const struct nic_fact *n, struct settings *out)
{
	char now[24], want[24];
	int first = cpuset_first(&c->split->isolated);
	const struct cpu_fact *cpu = first < 0 ? NULL : cpu_fact(&c->facts->cpu, (unsigned) first);

	if (n->node < 0 || !cpu || cpu->node < 0 || !text_eq(n->state, "up"))
		return;
	text_print(now, sizeof(now), "node %d", n->node);
	text_print(want, sizeof(want), "node %d", cpu->node);
	look_says(out, n->node == cpu->node, n->name, now, want);
}

static int check_numa(const struct knob *k, const struct knob_ctx *c, struct settings *out, struct err *err)
{
	(void) k;
	(void) err;
	return each_card(c, out, card_node);
}

/* "TOTAL_ERR_COR 12" at the end of aer_dev_correctable. */
static void card_errors(const struct knob_ctx *c, const struct nic_fact *n, struct settings *out)
{
	static const char *const files[] = { "aer_dev_correctable", "aer_dev_nonfatal", "aer_dev_fatal" };
	char text[2048], now[48], target[64];

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		const char *at;
		uint64_t count;

		if (!card_text(c, n, files[i], text, sizeof(text)) || !(at = strstr(text, "TOTAL_ERR_")))
			continue;
		at += strcspn(at, " \n");
		if (!take_blanks(&at) || !take_u64(&at, &count))
			continue;
		text_print(target, sizeof(target), "%s %s", n->name, files[i]);
		text_print(now, sizeof(now), "%llu", (unsigned long long) count);
		look_says(out, count == 0, target, now, "0");
	}
}

static int check_aer(const struct knob *k, const struct knob_ctx *c, struct settings *out, struct err *err)
{
	(void) k;
	(void) err;
	return each_card(c, out, card_errors);
}

static int check_virt(const struct knob *k, const struct knob_ctx *c, struct settings *out, struct err *err)
{
	const struct kvm_facts *kvm = &c->look->machine->kvm;

	(void) k;
	(void) err;
	if (kvm->usable == KVM_UNKNOWN)
		look_unseen(out, "KVM", "%s", kvm->why);
	else if (kvm->usable == KVM_FORBIDDEN)
		look_unseen(out, "KVM", "this user may not open /dev/kvm");
	else
		look_says(out, kvm->usable == KVM_YES, "KVM", kvm->usable == KVM_YES ? "usable" : kvm->why, "usable");
	return 0;
}

static int check_layout(const struct knob *k, const struct knob_ctx *c, struct settings *out, struct err *err)
{
	const struct cpu_facts *cpu = &c->facts->cpu;
	size_t l3 = 0;
	char now[96];

	(void) err;
	for (size_t i = 0; i < cpu->n_caches; i++)
		l3 += cpu->caches[i].level == 3;
	text_print(now, sizeof(now), "%u packages, %u NUMA nodes, %zu last-level caches, %u cores", cpu->n_packages, cpu->n_nodes,
		   l3, cpu->n_cores);
	look_value(k, c, out, "topology", VALUE_TEXT, now);
	return 0;
}

/* All the same: processors with two kinds of cores may differ by kind, so only like cores are compared. */
static int check_microcode(const struct knob *k, const struct knob_ctx *c, struct settings *out, struct err *err)
{
	const struct cpu_facts *cpu = &c->facts->cpu;
	char first[3][32] = { "", "", "" }, one[32];

	(void) k;
	(void) err;
	for (size_t i = 0; i < cpu->n; i++) {
		unsigned kind = (unsigned) cpu->at[i].kind;
		char target[16];

		if (kind >= 3 ||
		    fs_readf(c->fs, one, sizeof(one), "sys/devices/system/cpu/cpu%u/microcode/version", cpu->at[i].cpu) <= 0)
			continue;
		if (!first[kind][0])
			text_print(first[kind], sizeof(first[kind]), "%s", one);
		text_print(target, sizeof(target), "cpu%u", cpu->at[i].cpu);
		look_says(out, text_eq(one, first[kind]), target, one, first[kind]);
	}
	if (out->n == 0)
		list_absent(out, "microcode", "the kernel does not tell its version");
	return 0;
}

/* A boot parameter for what was left out of the build is ignored without a word. */
static int check_config(const struct knob *k, const struct knob_ctx *c, struct settings *out, struct err *err)
{
	static const char *const options[] = { "NO_HZ_FULL", "RCU_NOCB_CPU", "CPUSETS", "HIGH_RES_TIMERS" };

	(void) k;
	(void) err;
	for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
		const char *now = kernel_option(&c->facts->kernel, options[i]);
		char target[48];

		text_print(target, sizeof(target), "CONFIG_%s", options[i]);
		if (now)
			look_says(out, text_eq(now, "y"), target, now, "y");
	}
	if (out->n == 0)
		look_unseen(out, "build configuration", "neither /proc/config.gz nor /boot/config-%s can be read",
			    c->facts->kernel.release);
	return 0;
}

static const struct knob pci_rows[] = {
	{
		.id = "pci.aer",
		.title = "no errors on the card's link",
		.why = "each corrected error is an interrupt and a repeated transfer: a loose card looks like jitter",
		.cost = "none",
		.source = "Documentation/ABI/testing/sysfs-bus-pci-devices-aer",
		.when = KNOB_FIRMWARE,
		ROLES(W("*", 4), W("*", 4), LEAVE, W("*", 4)),
		.check = check_aer,
		.cure = "reseat the card, try another slot or cable; hiding the errors (pci=noaer) cures nothing",
	},
	{
		.id = "pci.iommu_mode",
		.title = "devices of the host are mapped once",
		.why = "in translated mode each buffer is mapped and unmapped; identity mode leaves VFIO's protection of guests "
		       "in place",
		.cost = "a faulty or hostile device can write anywhere in the host's memory",
		.source = "Documentation/ABI/testing/sysfs-kernel-iommu_groups; Documentation/admin-guide/kernel-parameters.txt, "
			  "iommu",
		.when = KNOB_BOOT,
		.security = true,
		FILES({ .path = "sys/kernel/iommu_groups/%s/type", .per = PER_NAME, .form = VALUE_TEXT }),
		ROLES(W("identity|DMA-FQ", 2), W("identity|DMA-FQ", 2), LEAVE, W("identity|DMA-FQ", 2)),
		.cure = "kernel parameter iommu.strict=0 (or iommu=pt), then boot",
		.dispute = "OpenShift boots with iommu=pt, the kernel's default is lazy translation (DMA-FQ), which costs "
			   "little and protects more: vlat takes either and only objects to strict translation",
	},
	{
		.id = "pci.link",
		.title = "cards run at full link speed",
		.why = "a link that came up narrower or slower than it can adds waiting and drops",
		.cost = "none",
		.source = PCI_ABI ", current_link_speed",
		.when = KNOB_FIRMWARE,
		ROLES(W("*", 4), W("*", 4), LEAVE, W("*", 4)),
		.check = check_link,
		.cure = "another slot, or the firmware's setting for that slot",
	},
	{
		.id = "pci.numa",
		.title = "cards on the node of the isolated CPUs",
		.why = "every transfer and interrupt otherwise crosses between sockets",
		.cost = "none",
		.source = PCI_ABI ", numa_node",
		.when = KNOB_FIRMWARE,
		ROLES(W("*", 5), W("*", 5), LEAVE, W("*", 5)),
		.check = check_numa,
		.cure = "choose CPUs of the card's node (--cpus), or another slot",
	},
	{
		.id = "vfio.idle_d3",
		.title = "assigned devices do not sleep while unused",
		.why = "waking one takes long when a guest opens it",
		.cost = "power",
		.source = "drivers/vfio/pci/vfio_pci.c, disable_idle_d3",
		FILES({ .path = "sys/module/vfio_pci/parameters/disable_idle_d3", .form = VALUE_NUMBER }),
		ROLES(W("1", 1), LEAVE, LEAVE, LEAVE),
	},
};

LOOK_ROWS(look_pci, pci_rows);

static const struct knob firmware_rows[] = {
	{
		.id = "fw.edac_poll",
		.title = "memory error counters are read rarely",
		.why = "reading them touches slow registers",
		.cost = "corrected errors are seen later",
		.source = "Documentation/driver-api/edac.rst",
		FILES({ .path = "sys/module/edac_core/parameters/edac_mc_poll_msec", .form = VALUE_NUMBER }),
		ROLES(W(">=1000", 1), W(">=1000", 1), LEAVE, W(">=1000", 1)),
	},
	{
		.id = "fw.kernel_config",
		.title = "the kernel was built with what isolation needs",
		.why = "a boot parameter for a feature that was left out is ignored without a word",
		.cost = "another kernel",
		.source = "Documentation/timers/no_hz.rst; Documentation/admin-guide/cgroup-v2.rst",
		.when = KNOB_BOOT,
		EVERY_ROLE("*", 4),
		.check = check_config,
		.cure = "boot a distribution kernel that has them (Debian, RHEL and SUSE kernels do)",
	},
	{
		.id = "fw.microcode",
		.title = "all CPUs run the same microcode",
		.why = "different versions behave differently, and loading one late stops all CPUs",
		.cost = "none",
		.source = "Documentation/arch/x86/microcode.rst",
		.when = KNOB_FIRMWARE,
		ROLES(W("*", 3), W("*", 3), LEAVE, W("*", 3)),
		.check = check_microcode,
		.cure = "load it early: the distribution's microcode package, then boot",
	},
	{
		.id = "fw.numa_layout",
		.title = "nodes and last-level caches",
		.why = "a VM or container inside one last-level cache wakes its threads two to three times faster than across "
		       "two",
		.cost = "none",
		.source = "vendors' tuning guides (NPS, SNC); Documentation/admin-guide/cputopology.rst",
		.when = KNOB_FIRMWARE,
		ROLES(W("?", 0), W("?", 0), LEAVE, W("?", 0)),
		.check = check_layout,
	},
	{
		.id = "fw.virt",
		.title = "the processor can run guests",
		.why = "without hardware virtualisation guests are emulated, ten to a hundred times slower",
		.cost = "none",
		.source = "Documentation/virt/kvm/api.rst",
		.when = KNOB_FIRMWARE,
		ROLES(W("*", 9), LEAVE, LEAVE, LEAVE),
		.check = check_virt,
		.cure = "switch VT-x or SVM on in the firmware; in a guest, nested virtualisation on its host",
	},
};

LOOK_ROWS(look_firmware, firmware_rows);
