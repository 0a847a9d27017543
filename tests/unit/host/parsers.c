/* SPDX-License-Identifier: Apache-2.0 */
/* Text that the kernel wrote: mounts, interrupts, tasks, counters. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/proc_stat.h"
#include "host/irq.h"
#include "host/mount.h"
#include "host/proc_stat_cpus.h"
#include "host/task.h"

static void test_mounts(void **state)
{
	const char *at =
		"36 35 98:0 /mnt1 /mnt/a\\040b rw,noatime master:1 propagate_from:2 - ext3 /dev/root rw,errors=continue\n"
		"nonsense\n"
		"37 35 0:5 / /x ro - cgroup2 none";
	struct mount_line m;

	(void) state;
	assert_true(take_mount(&at, &m));
	assert_string_equal(m.root, "/mnt1");
	assert_string_equal(m.dir, "/mnt/a b");
	assert_string_equal(m.type, "ext3");
	assert_string_equal(m.super, "rw,errors=continue");
	assert_true(mount_has_option(m.options, "noatime"));
	assert_false(mount_has_option(m.options, "atime"));
	assert_true(take_mount(&at, &m));
	assert_string_equal(m.type, "");
	assert_true(take_mount(&at, &m));
	assert_string_equal(m.type, "cgroup2");
	assert_string_equal(m.super, "");
	assert_false(take_mount(&at, &m));
}

struct seen {
	size_t rows;
	uint64_t timer_on_second;
};

static void on_row(const char *label, const uint64_t *counts, size_t n, void *arg)
{
	struct seen *seen = arg;

	assert_int_equal(n, 2);
	seen->rows++;
	if (strcmp(label, "LOC") == 0)
		seen->timer_on_second = counts[1];
}

static void test_interrupts(void **state)
{
	static const char text[] = "           CPU0       CPU2       \n"
				   " 24:          1          0  IO-APIC   5-edge      ACPI:Ged\n"
				   "LOC:      18766      18788   Local timer interrupts\n"
				   "ERR:          0\n";
	unsigned cpus[INTERRUPTS_CPUS];
	struct seen seen = { 0 };

	(void) state;
	assert_int_equal(interrupts_parse(text, cpus, on_row, &seen), 2);
	assert_int_equal(cpus[1], 2);
	assert_int_equal(seen.rows, 2); /* ERR has one count for the machine */
	assert_int_equal(seen.timer_on_second, 18788);
	assert_true(interrupts_parse("", cpus, on_row, &seen) < 0);
	assert_true(interrupts_parse("CPUx\n", cpus, on_row, &seen) < 0);
	assert_true(interrupts_parse("no head\n", cpus, on_row, &seen) < 0);
}

#define TAIL " S 7 1 1 0 -1 2129984 0 0 0 0 0 0 0 0 20 0 1 0 4242 0 0 18446744073709551615 0 0 0 0 0 0 0 0 0 0 0 0 17 3 50 1 0"

static void test_tasks(void **state)
{
	struct proc_stat s;

	(void) state;
	assert_true(proc_stat_parse("19 (migration/0)" TAIL, &s));
	assert_int_equal(s.tid, 19);
	assert_int_equal(s.ppid, 7);
	assert_int_equal(s.threads, 1);
	assert_int_equal(s.start_time, 4242);
	assert_int_equal(s.processor, 3);
	assert_int_equal(s.policy, 1);
	assert_int_equal(s.rt_priority, 50);
	assert_true(s.flags & PROC_PF_KTHREAD);
	assert_true(proc_stat_parse("20 (a) S (b) c)" TAIL, &s)); /* a name may hold anything */
	assert_string_equal(s.comm, "a) S (b) c");
	assert_int_equal(s.start_time, 4242);
	assert_true(proc_stat_parse("21 (\xff\n\tx)" TAIL, &s));
	assert_string_equal(s.comm, "???x");
	assert_false(proc_stat_parse("", &s));
	assert_false(proc_stat_parse("19 (x) S 1 2", &s));
	assert_false(proc_stat_parse("19 x S" TAIL, &s));
}

static void test_status(void **state)
{
	struct cpuset set;

	(void) state;
	assert_true(status_allowed("Name:\tx\nCpus_allowed:\tf\nCpus_allowed_list:\t0-1,3\nMems_allowed:\t1\n", &set));
	assert_int_equal(cpuset_count(&set), 3);
	assert_false(status_allowed("Name:\tCpus_allowed_list:\t0\n", &set));
	assert_false(status_allowed("", &set));
}

static void test_counters(void **state)
{
	static const char text[] =
		"cpu  1 2 3 4 5 6 7 8 0 0\ncpu0 10 0 20 900 1 3 4 50 0 0\ncpu3 1 1 1 1 1 1 1 2 0 0\nintr 12 0\n";
	struct steal_sample *s = calloc(2, sizeof(*s));
	struct steal_delta d;
	struct cpuset all = { 0 }, first = cpuset_one(0);

	(void) state;
	assert_non_null(s);
	proc_stat_cpus(text, &s[0]);
	assert_int_equal(s[0].n_cpus, 4);
	assert_int_equal(s[0].steal_ns[0], 500000000);
	assert_int_equal(s[0].irq_ns[0], 70000000);
	assert_int_equal(cpu_stat_value("nr_periods 4\nnr_throttled 7\n", "nr_throttled"), 7);
	assert_int_equal(cpu_stat_value("nr_throttled_x 7\n", "nr_throttled"), 0);

	s[1] = s[0];
	s[1].at_ns = s[0].at_ns + 2000000000;
	steal_diff(&s[0], &s[1], &all, &d);
	assert_false(d.disturbed);
	s[1].steal_ns[3] += 100000000; /* 5 % of one CPU */
	steal_diff(&s[0], &s[1], &all, &d);
	assert_true(d.disturbed);
	assert_true(d.steal_percent > 4.9 && d.steal_percent < 5.1);
	assert_non_null(strstr(d.why, "hypervisor"));
	steal_diff(&s[0], &s[1], &first, &d); /* somebody else's CPU */
	assert_false(d.disturbed);
	s[1].quota_throttled = 3;
	steal_diff(&s[0], &s[1], &first, &d);
	assert_non_null(strstr(d.why, "quota"));
	free(s);
}

static void test_live_tasks(void **state)
{
	struct task_facts tasks;
	struct irq_facts irqs;
	struct err err = { 0 };
	struct fs fs;
	bool self = false;

	(void) state;
	assert_int_equal(fs_open_root(&fs, "/", &err), 0);
	assert_int_equal(task_facts_read(&fs, &tasks, &err), 0);
	for (size_t i = 0; i < tasks.n; i++)
		self = self || tasks.at[i].stat.tid == getpid();
	assert_true(self);
	task_facts_free(&tasks);
	assert_int_equal(irq_facts_read(&fs, &irqs, &err), 0);
	irq_facts_free(&irqs);
	fs_close(&fs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mounts), cmocka_unit_test(test_interrupts), cmocka_unit_test(test_tasks),
		cmocka_unit_test(test_status), cmocka_unit_test(test_counters),   cmocka_unit_test(test_live_tasks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
