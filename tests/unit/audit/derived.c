/* SPDX-License-Identifier: Apache-2.0 */
/* Checks that hold several things against each other: each broken on purpose, and put right. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lab.h"

#define ISOLATED "sys/devices/system/cpu/isolated"

static void isolcpus(const char *cmdline, const char *isolated, enum audit_state state, const char *says)
{
	struct lab lab;

	lab_open(&lab, "server-v2");
	lab_put(&lab, "proc/cmdline", cmdline);
	lab_put(&lab, ISOLATED, isolated);
	lab_is(&lab, "vm-host", "iso.isolcpus_token", state, says);
	lab_close(&lab);
}

static void test_isolcpus(void **state)
{
	(void) state;
	isolcpus("quiet\n", "\n", AUDIT_ABSENT, "not given");
	isolcpus("isolcpus=2-7,10-15\n", "2-7,10-15\n", AUDIT_OK, NULL);
	isolcpus("isolcpus=managed_irq,domain,2-7\n", "2-7\n", AUDIT_OK, NULL);
	/* managed_irq alone isolates nothing from the scheduler, and is not meant to. */
	isolcpus("isolcpus=managed_irq,2-7\n", "\n", AUDIT_OK, NULL);
	isolcpus("isolcpus=dom4in,2-7\n", "\n", AUDIT_DIFFERS, "thrown away");
	isolcpus("isolcpus=domain,2-x\n", "\n", AUDIT_DIFFERS, "thrown away");
	isolcpus("isolcpus=manged_irq,2-7\n", "2-7\n", AUDIT_DIFFERS, "skips \"manged_irq\"");
	isolcpus("isolcpus=2-7\n", "2-3\n", AUDIT_DIFFERS, "4-7 are not isolated");
	/* The last word counts. */
	isolcpus("isolcpus=rubbish! isolcpus=2-3\n", "2-3\n", AUDIT_OK, NULL);
}

static void lists(const char *cmdline, enum audit_state state)
{
	struct lab lab;

	lab_open(&lab, "server-v2");
	lab_put(&lab, "proc/cmdline", cmdline);
	lab_is(&lab, "vm-host", "iso.list_match", state, NULL);
	lab_close(&lab);
}

static void test_lists(void **state)
{
	(void) state;
	lists("nohz_full=2-3\n", AUDIT_ABSENT);
	lists("isolcpus=2-3 nohz_full=2-3 rcu_nocbs=2-3\n", AUDIT_OK);
	lists("isolcpus=2,3 nohz_full=2-3\n", AUDIT_OK);
	lists("isolcpus=nohz,domain,2-3 nohz_full=2-5\n", AUDIT_DIFFERS);
	lists("isolcpus=2-3 nohz_full=2-5\n", AUDIT_DIFFERS);
	lists("nohz_full=2-5 rcu_nocbs=2-3\n", AUDIT_DIFFERS);
}

static void put_daemon(struct lab *lab, int pid, const char *comm)
{
	AUTO_FREE char *stat = xprintf(
		"%d (%s) S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 55 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 17 0 0 0 0 0 0\n", pid, comm);
	char path[64];

	text_print(path, sizeof(path), "proc/%d/task/%d/stat", pid, pid);
	lab_put(lab, path, stat);
	text_print(path, sizeof(path), "proc/%d/task/%d/status", pid, pid);
	lab_put(lab, path, "Cpus_allowed_list:\t0-15\n");
	text_print(path, sizeof(path), "proc/%d/comm", pid);
	lab_put(lab, path, comm);
}

/* server-v2 runs irqbalance; where its ban is written differs by distribution. */
static void test_irqbalance(void **state)
{
	struct lab lab;

	(void) state;
	lab_open(&lab, "server-v2");
	lab_is(&lab, "vm-host", "irq.irqbalance", AUDIT_DIFFERS, "and nothing leaves CPUs");
	lab_put(&lab, "etc/default/irqbalance", "# comment\nIRQBALANCE_BANNED_CPULIST=\"2\"\n");
	lab_is(&lab, "vm-host", "irq.irqbalance", AUDIT_DIFFERS, "its ban leaves CPUs 1,3,5-7");
	lab_put(&lab, "etc/default/irqbalance", "IRQBALANCE_BANNED_CPULIST=1-3,5-15\n");
	lab_is(&lab, "vm-host", "irq.irqbalance", AUDIT_OK, "banned from");
	lab_close(&lab);
}

static void test_two_tuners(void **state)
{
	struct lab lab;

	(void) state;
	lab_open(&lab, "server-v2");
	lab_is(&lab, "vm-host", "irq.two_tuners", AUDIT_OK, "not running");
	put_daemon(&lab, 700, "tuned");
	lab_put(&lab, "etc/tuned/active_profile", "throughput-performance\n");
	lab_is(&lab, "vm-host", "irq.two_tuners", AUDIT_DIFFERS, "throughput-performance");
	lab_is(&lab, "vm-host", "irq.other_daemons", AUDIT_DIFFERS, "running");
	lab_close(&lab);
}

static void put_thread(struct lab *lab, int pid, const char *cpus, int rt, int policy)
{
	AUTO_FREE char *stat =
		xprintf("%d (work) R 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 55 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 17 0 %d %d 0 0 0\n",
			pid, rt, policy);
	AUTO_FREE char *status = xprintf("Cpus_allowed_list:\t%s\n", cpus);
	char path[64];

	text_print(path, sizeof(path), "proc/%d/task/%d/stat", pid, pid);
	lab_put(lab, path, stat);
	text_print(path, sizeof(path), "proc/%d/task/%d/status", pid, pid);
	lab_put(lab, path, status);
}

static void test_threads(void **state)
{
	struct lab lab;

	(void) state;
	lab_open(&lab, "server-v2");
	lab_put(&lab, "proc/sys/kernel/sched_rt_runtime_us", "950000\n");
	lab_is(&lab, "realtime", "sch.fifo_throttle", AUDIT_ABSENT, "none runs");
	put_thread(&lab, 800, "2", 10, 1);
	lab_is(&lab, "realtime", "sch.fifo_throttle", AUDIT_DIFFERS, "950000");
	lab_put(&lab, "proc/sys/kernel/sched_rt_runtime_us", "-1\n");
	lab_is(&lab, "realtime", "sch.fifo_throttle", AUDIT_OK, NULL);
	/* Isolated at boot: a thread that may use several of these CPUs stays on the first. */
	lab_put(&lab, ISOLATED, "2-3,10-11\n");
	lab_is(&lab, "realtime", "iso.boot_without_cpuset", AUDIT_OK, NULL);
	put_thread(&lab, 801, "2-3", 0, 0);
	lab_is(&lab, "realtime", "iso.boot_without_cpuset", AUDIT_DIFFERS, "1 threads");
	lab_close(&lab);
}

static void put_rcuo(struct lab *lab, int pid, int cpu)
{
	AUTO_FREE char *stat =
		xprintf("%d (rcuop/%d) S 2 0 0 0 -1 2097216 0 0 0 0 0 0 0 0 20 0 1 0 55 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 17 0 0 0 "
			"0 0 0\n",
			pid, cpu);
	char path[64];

	text_print(path, sizeof(path), "proc/%d/task/%d/stat", pid, pid);
	lab_put(lab, path, stat);
	text_print(path, sizeof(path), "proc/%d/task/%d/status", pid, pid);
	lab_put(lab, path, "Cpus_allowed_list:\t0-15\n");
}

/* Threads without the parameter's list, or a list without threads, offload nothing. */
static void test_rcu(void **state)
{
	struct lab lab;

	(void) state;
	lab_open(&lab, "server-v2");
	lab_put(&lab, "proc/cmdline", "rcu_nocbs=1-15\n");
	lab_is(&lab, "vm-host", "iso.rcu_nocbs", AUDIT_DIFFERS, "none");
	for (int cpu = 0; cpu < 16; cpu++)
		put_rcuo(&lab, 900 + cpu, cpu);
	lab_is(&lab, "vm-host", "iso.rcu_nocbs", AUDIT_OK, "1-15");
	lab_put(&lab, "proc/cmdline", "rcu_nocbs\n");
	lab_is(&lab, "vm-host", "iso.rcu_nocbs", AUDIT_DIFFERS, "none");
	lab_put(&lab, "proc/cmdline", "rcu_nocbs=all\n");
	lab_is(&lab, "vm-host", "iso.rcu_nocbs", AUDIT_OK, "0-15");
	lab_close(&lab);
}

static void test_idle_poll(void **state)
{
	struct lab lab;

	(void) state;
	lab_open(&lab, "two-cpu-vm");
	lab_put(&lab, "proc/cmdline", "quiet\n");
	lab_is(&lab, "guest", "gst.idle_poll", AUDIT_OK, NULL);
	lab_put(&lab, "proc/cmdline", "idle=poll\n");
	lab_put(&lab, "sys/devices/system/cpu/cpuidle/current_driver", "haltpoll\n");
	lab_is(&lab, "guest", "gst.idle_poll", AUDIT_DIFFERS, "haltpoll");
	lab_close(&lab);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_isolcpus),   cmocka_unit_test(test_lists),   cmocka_unit_test(test_irqbalance),
		cmocka_unit_test(test_two_tuners), cmocka_unit_test(test_threads), cmocka_unit_test(test_idle_poll),
		cmocka_unit_test(test_rcu),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
