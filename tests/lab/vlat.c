/* SPDX-License-Identifier: Apache-2.0 */
/* vlat itself on hosts that this machine is not: with SR-IOV, isolated CPUs, one tree of control groups, nested KVM. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "base/vec.h"
#include "lab_test.h"

#define SCRIPT(name) SOURCE_ROOT "/tests/lab/" name

static const char *vlat; /* argv of the program, set once by main() */

static void show(const struct lab_said *s)
{
	printf("%s%s", s->out, s->err);
}

static void test_vf(void)
{
	struct lab_said s = LAB("--kernel", "backports", "--nic", "igb,virtio", "--timeout", "10m", "--", "sh", SCRIPT("vf.sh"), vlat);

	lab_exited(&s, 0);
	show(&s);
	lab_is(lab_value(&s, "tcp-rr"), "0");
	lab_is(lab_value(&s, "tcp-rr-path"), "vf");
	check(atoi(lab_value(&s, "tcp-rr-moved")) > 0);
	lab_is(lab_value(&s, "tcp-stream"), "0");
	check(atoi(lab_value(&s, "tcp-stream-moved")) > 0);
	lab_is(lab_value(&s, "native"), "0");
	lab_is(lab_value(&s, "native-path"), "vf");
	check(atoi(lab_value(&s, "native-moved")) > 0);
	lab_is(lab_value(&s, "same"), "yes");
	check(atoi(lab_value(&s, "killed-with")) > 0);
	lab_is(lab_value(&s, "journals"), "1");
	lab_is(lab_value(&s, "revert"), "0");
	lab_is(lab_value(&s, "reverted"), "yes");
	lab_is(lab_value(&s, "journals-left"), "0");
	lab_said_free(&s);
}

static void check_isolation(struct lab_said *s)
{
	lab_is(lab_value(s, "measured"), "0");
	check(atoi(lab_value(s, "samples")) >= 1); /* or nobody looked */
	lab_is(lab_value(s, "strangers"), "0");
	check(*lab_value(s, "cpus"));
	lab_is(lab_value(s, "journals-left"), "0");
	lab_is(lab_value(s, "groups-left"), "0");
	lab_said_free(s);
}

static void test_isolated_at_boot(void)
{
	struct lab_said s = LAB("--cpus", "4", "--cmdline", "isolcpus=managed_irq,domain,2-3 nohz_full=2-3 rcu_nocbs=2-3",
				"--timeout", "10m", "--", "sh", SCRIPT("isolation.sh"), vlat);

	show(&s);
	lab_exited(&s, 0);
	lab_is(lab_value(&s, "at-boot"), "2-3");
	lab_is(lab_value(&s, "isolated"), "2-3");
	check_isolation(&s);
}

/*
 * Nothing at boot: the control groups of version 2 have to do it, by a partition that takes its CPUs from the
 * scheduler's load balancing.  The kernel's own word: the partition's state, and its list of CPUs isolated so.
 */
static void test_isolated_by_groups(void)
{
	struct lab_said s = LAB("--kernel", "backports", "--cpus", "4", "--timeout", "10m", "--", "sh", SCRIPT("isolation.sh"), vlat);
	char isolated[64];

	show(&s);
	lab_exited(&s, 0);
	lab_is(lab_value(&s, "at-boot"), "");
	(void) text_print(isolated, sizeof(isolated), "%s", lab_value(&s, "isolated"));
	check(isolated[0]);
	lab_is(lab_value(&s, "partition"), "isolated");
	lab_is(lab_value(&s, "partition-cpus"), isolated);
	lab_is(lab_value(&s, "partition-left"), "");
	check_isolation(&s);
}

/* "NAME=CODE 1 words": it ended with that code, said one line, and this is in it. */
static void check_refused(const struct lab_said *s, const char *name, const char *code, const char *why)
{
	const char *got = lab_value(s, name);

	if (strncmp(got, code, 1) != 0 || strncmp(got + 1, " 1 ", 3) != 0)
		lab_failed(__FILE__, __LINE__, got);
	lab_has(got, why);
}

struct refusal {
	const char *name, *code, *why;
};

static void check_refusals(struct lab_said *s, const struct refusal *rows, size_t n)
{
	show(s);
	lab_exited(s, 0);
	for (size_t i = 0; i < n; i++)
		check_refused(s, rows[i].name, rows[i].code, rows[i].why);
	lab_hasnt(s->out, "left-by-");
	lab_said_free(s);
}

/* What people ask for and cannot have. */
static void test_refused_devices(void)
{
	static const struct refusal rows[] = {
		{ "nobody", "1", "no network device eth9 here (ip link" },
		{ "no-address", "1", "no PCI device 0000:09:00.0 here (lspci" },
		{ "no-sriov", "1", "has no virtual functions (SR-IOV)" },
		{ "too-many", "1", "cannot give 8 virtual functions: it has 7 at most" },
		{ "dots", "2", "\"../../etc\" is not a network device" },
		{ "blank", "2", "\"eth 0\" is not a network device" },
		{ "newline", "2", "is not a network device" },
		{ "no-peer", "1", "name its card (peer=eth2)" },
		{ "one-end", "2", "a cable has two ends" },
		{ "queues", "1", "is for the card of a VM" },
		{ "more-queues", "1", "as many queues as vCPUs" },
		{ "pages", "1", "no whole number of 1 GiB pages" },
		{ "is-function", "1", "name the port it belongs to, 0000:01:00.0" },
		{ "has-functions", "1", "remove them first" },
		{ "in-use", "1", "somebody made, and 0 of them are free" },
		{ "two-are-few", "1", "only be changed by way of 0" },
		{ "pin", "1", "the memlock limit is below the guest's memory: raise it" },
	};
	struct lab_said s = LAB("--kernel", "backports", "--nic", "igb,virtio", "--timeout", "10m", "--", "sh", SCRIPT("refuse.sh"),
				vlat, "devices");

	check_refusals(&s, rows, ARRAY_SIZE(rows));
}

/* Firmware and kernel that give no device away, each in a way of its own; and a CPU without pages of 1 GiB. */
static void test_refused_iommu(void)
{
	static const struct refusal off[] = {
		{ "vf", "1", "told intel_iommu=off" },
		{ "pf", "1", "boot with intel_iommu=on" },
		{ "gigantic", "1", "a CPU with the flag pdpe1gb" },
	};
	static const struct refusal unmapped[] = {
		{ "vf", "1", "does not remap interrupts here" },
		{ "pf", "1", "switch on interrupt remapping" },
	};
	struct lab_said s = LAB("--nic", "igb,virtio", "--cmdline", "intel_iommu=off", "--qemu",
				"-cpu max,x-force-features=on,+invtsc,-pdpe1gb,vendor=GenuineIntel", "--", "sh", SCRIPT("refuse.sh"), vlat, "iommu");

	check_refusals(&s, off, ARRAY_SIZE(off));
	s = LAB("--nic", "igb,virtio", "--cmdline", "intremap=off", "--", "sh", SCRIPT("refuse.sh"), vlat, "iommu");
	check_refusals(&s, unmapped, ARRAY_SIZE(unmapped));
}

/* A CPU that is not translated, as far as vlat sees: else there is no need to keep it from halting. */
static void test_spin(void)
{
	struct lab_said s = LAB("--kernel", "backports", "--cpus", "4", "--qemu", "-cpu max,x-force-features=on,+invtsc,model-id=Lab",
				"--", "sh", SCRIPT("spin.sh"), vlat);

	show(&s);
	lab_exited(&s, 0);
	lab_is(lab_value(&s, "before"), "4*50000000");
	lab_is(lab_value(&s, "alone-why"), "fair server is not seen to be off");
	lab_is(lab_value(&s, "alone-spinners"), "0");
	lab_is(lab_value(&s, "both"), "0");
	lab_is(lab_value(&s, "both-spinners"), "2");
	lab_is(lab_value(&s, "both-servers"), "2*0 2*50000000");
	lab_is(lab_value(&s, "both-cpus"), "2 3");
	lab_is(lab_value(&s, "revert"), "0");
	lab_is(lab_value(&s, "left"), "0");
	lab_is(lab_value(&s, "after"), "4*50000000");
	lab_said_free(&s);
}

static const struct lab_test tests[] = {
	{ "refused-devices", test_refused_devices },
	{ "refused-iommu", test_refused_iommu },
	{ "spin", test_spin },
	{ "vf", test_vf },
	{ "isolated-at-boot", test_isolated_at_boot },
	{ "isolated-by-groups", test_isolated_by_groups },
};

int main(int argc, char **argv)
{
	/* VLAT-LAB VLAT [TEST] */
	check(argc > 2);
	vlat = argv[2];
	argv[2] = argv[1];
	return lab_main(argc - 1, argv + 1, tests, ARRAY_SIZE(tests));
}
