/* SPDX-License-Identifier: Apache-2.0 */
/* vlat itself on hosts that this machine is not: with SR-IOV, isolated CPUs, one tree of control groups, nested KVM. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
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

/* Nothing at boot: the control groups of version 2 have to do it. */
static void test_isolated_by_groups(void)
{
	struct lab_said s = LAB("--cpus", "4", "--timeout", "10m", "--", "sh", SCRIPT("isolation.sh"), vlat);

	show(&s);
	lab_exited(&s, 0);
	lab_is(lab_value(&s, "at-boot"), "");
	lab_hasnt(lab_value(&s, "partition"), "invalid");
	check_isolation(&s);
}

static const struct lab_test tests[] = {
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
