/* SPDX-License-Identifier: Apache-2.0 */
/* What the guard sees on a made-up machine, how it tells it, and who is suspected of a change. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../golden/golden.h"
#include "../../hosts/tree.h"
#include "keep/author.h"
#include "keep/metrics.h"

/*
 * Two CPUs, 1 is isolated.  Task 10 may run anywhere and is on CPU 1; 20 is
 * confined to it; 30 is its own kernel thread; 40 is another's that strays.
 */
static const char machine[] = "== proc/interrupts\n"
			      "           CPU0       CPU1\n"
			      "  1:         10          3   IO-APIC   1-edge      i8042\n"
			      " 36:          5          4   PCI-MSI 49152-edge    virtio0-rx\n"
			      "NMI:          1          2   Non-maskable interrupts\n"
			      "LOC:       1000        100   Local timer interrupts\n"
			      "RES:         20         30   Rescheduling interrupts\n"
			      "CAL:          1         70   Function call interrupts\n"
			      "== proc/stat\n"
			      "cpu  300 0 300 900 0 0 0 30 0 0\n"
			      "cpu0 100 0 100 300 0 0 0 10 0 0\n"
			      "cpu1 200 0 200 600 5 10 20 20 0 0\n"
			      "btime 1795000000\n"
			      "== proc/sys/kernel/sched_rt_runtime_us\n"
			      "950000\n"
			      "== proc/sys/vm/swappiness\n"
			      "33\n"
			      "== proc/sys/vm/stat_interval\n"
			      "7\n";

static char dir[64];
static struct fs fs;

static void put_task(int tid, const char *comm, char state, unsigned flags, const char *allowed, int cpu, unsigned preempted)
{
	char path[64], text[512];

	text_print(path, sizeof(path), "proc/%d/comm", tid);
	text_print(text, sizeof(text), "%s\n", comm);
	tree_put(dir, path, text);
	text_print(text, sizeof(text),
		   "%d (%s) %c 1 1 1 0 -1 %u 0 0 0 0 0 0 0 0 20 0 1 0 500000 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 17 %d 0 0 0 0 0\n",
		   tid, comm, state, flags, cpu);
	text_print(path, sizeof(path), "proc/%d/stat", tid);
	tree_put(dir, path, text);
	text_print(path, sizeof(path), "proc/%d/task/%d/stat", tid, tid);
	tree_put(dir, path, text);
	text_print(text, sizeof(text),
		   "Name:\t%s\nCpus_allowed_list:\t%s\nvoluntary_ctxt_switches:\t5\nnonvoluntary_ctxt_switches:\t%u\n", comm,
		   allowed, preempted);
	text_print(path, sizeof(path), "proc/%d/task/%d/status", tid, tid);
	tree_put(dir, path, text);
}

static int set_up(void **state)
{
	struct err err = { 0 };

	(void) state;
	strcpy(dir, "/tmp/vlat-unit-XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	tree_unfold(machine, dir);
	put_task(10, "cron", 'S', 0, "0-1", 1, 1);
	put_task(20, "agent", 'S', 0, "1", 1, 100);
	put_task(30, "ksoftirqd/1", 'S', 0x04200000u, "1", 1, 9);
	put_task(40, "kworker/u4:1", 'S', 0x00200000u, "0-1", 1, 2);
	put_task(50, "sshd", 'S', 0, "0", 0, 3);
	return fs_open_root(&fs, dir, &err);
}

static int tear_down(void **state)
{
	(void) state;
	fs_close(&fs);
	return dir_remove_all(dir);
}

static void look(struct watch *w)
{
	struct cpuset isolated = cpuset_one(1);
	struct err err = { 0 };

	if (watch_look(w, &fs, &isolated, &err) < 0)
		fail_msg("%s", err.text);
}

static void sees_what_happens_there(void **state)
{
	struct watch w = { 0 };

	(void) state;
	look(&w);
	assert_int_equal(w.n_cpus, 1);
	assert_int_equal(w.cpus[0].cpu, 1);
	assert_int_equal(w.cpus[0].interrupts[INTERRUPT_DEVICE], 7);
	assert_int_equal(w.cpus[0].interrupts[INTERRUPT_TIMER], 100);
	assert_int_equal(w.cpus[0].interrupts[INTERRUPT_CALL], 100);
	assert_int_equal(w.cpus[0].interrupts[INTERRUPT_OTHER], 2);
	assert_true(w.cpus[0].steal_s > 0);
	assert_true(w.rt_limited);
	assert_int_equal(w.n_threads, 1);                 /* the agent */
	assert_int_equal(w.strangers + w.k_strangers, 0); /* nobody has run since: there was no since */
	watch_free(&w);
}

static void strangers_are_those_who_run(void **state)
{
	struct watch w = { 0 };

	(void) state;
	look(&w);
	look(&w);
	assert_int_equal(w.strangers + w.k_strangers, 0);
	put_task(10, "cron", 'S', 0, "0-1", 1, 2);
	put_task(20, "agent", 'S', 0, "1", 1, 103);
	put_task(30, "ksoftirqd/1", 'S', 0x04200000u, "1", 1, 50);
	put_task(60, "new", 'S', 0, "0-1", 1, 0);
	look(&w);
	assert_int_equal(w.strangers, 2); /* cron has run, new came */
	assert_int_equal(w.k_strangers, 0);
	assert_int_equal(w.preempted, 3);
	put_task(40, "kworker/u4:1", 'R', 0x00200000u, "0-1", 1, 2);
	look(&w);
	assert_int_equal(w.strangers, 0);
	assert_int_equal(w.k_strangers, 1);
	assert_string_equal(w.stranger, "kworker/u4:1");
	assert_int_equal(w.preempted, 3);
	watch_free(&w);
}

static void metrics_are_as_recorded(void **state)
{
	struct watch_cpu cpus[] = {
		{ .cpu = 2, .interrupts = { 7, 100, 30, 1 }, .steal_s = 0.25, .busy_s = 12.5 },
		{ .cpu = 3, .interrupts = { 0, 200, 31, 0 }, .steal_s = 0, .busy_s = 1 },
	};
	struct watch w = { .cpus = cpus, .n_cpus = 2, .n_threads = 4, .preempted = 5, .strangers = 1, .thermal = 6, .quota = 7 };
	struct metrics m = { .watch = &w,
			     .version = "1.2.3",
			     .in_force = true,
			     .run = "r4k2az",
			     .why = "tune \"odd\\name\"\n",
			     .settings = 40,
			     .drifted = 2,
			     .persisted = true,
			     .verified = true,
			     .verified_fine = true,
			     .verified_at_s = 1795391615.25,
			     .guard_cpu_s = 0.125,
			     .looks = 9 };
	struct sink text = { 0 };

	(void) state;
	metrics_text(&m, &text);
	golden_check("keep/metrics.txt", text.text);
	sink_free(&text);
}

static void suspects(const char *what, const char *why)
{
	struct author a;
	char who[320];

	author_open(&a, &fs, "2026-11-18T14-00-00"); /* three hours after this machine booted, at 11:06:40 */
	assert_true(a.since_s > a.boot_s);
	author_guess(&a, what, who, sizeof(who));
	author_close(&a);
	if (!strstr(who, why))
		fail_msg("%s: \"%s\" does not say \"%s\"", what, who, why);
}

static void guesses_say_why(void **state)
{
	(void) state;
	suspects("/proc/sys/vm/swappiness", "unknown");
	tree_put(dir, "etc/sysctl.d/50-other.conf", "vm.swappiness = 60\n");
	tree_put(dir, "etc/sysctl.d/60-mine.conf", "# vm.swappiness = 33\n-vm/swappiness=33\n");
	suspects("/proc/sys/vm/swappiness", "probably sysctl: /etc/sysctl.d/60-mine.conf");
	suspects("/proc/sys/vm/stat_interval", "unknown");
	put_task(70, "tuned", 'S', 0, "0", 0, 0); /* started 5000 s after the boot */
	suspects("/proc/sys/vm/stat_interval", "probably tuned (process 70), which is running");
	suspects("/proc/irq/36/smp_affinity_list", "probably tuned");
	put_task(71, "irqbalance", 'S', 0, "0", 0, 0);
	suspects("/proc/irq/36/smp_affinity_list", "probably irqbalance (process 71), which is running");
	tree_put(dir, "sys/devices/system/cpu/cpu1/online", "0\n");
	suspects("/sys/devices/system/cpu/cpu1/cpuidle/state1/disable", "CPU 1 was taken offline");
	suspects("task 812 (qemu)", "probably tuned");
}

static void who_was_started_later_is_likelier(void **state)
{
	struct author a;
	char who[320];

	(void) state;
	put_task(70, "irqbalance", 'S', 0, "0", 0, 0); /* 5000 s after the boot: at 12:30 */
	put_task(71, "tuned", 'S', 0, "0", 0, 0);
	author_open(&a, &fs, "2026-11-18T12-00-00");
	author_guess(&a, "/proc/irq/36/smp_affinity_list", who, sizeof(who));
	assert_string_equal(who, "probably irqbalance (process 70), which was started after the tuning");
	author_close(&a);
	a = (struct author){ 0 };
	assert_true(author_stamp("1970-01-01T00-01-00", &a.since_s));
	assert_int_equal(a.since_s, 60);
	assert_false(author_stamp("yesterday", &a.since_s));
	assert_false(author_stamp("1970-01-01T00-01-00Z", &a.since_s));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(sees_what_happens_there, set_up, tear_down),
		cmocka_unit_test_setup_teardown(strangers_are_those_who_run, set_up, tear_down),
		cmocka_unit_test(metrics_are_as_recorded),
		cmocka_unit_test_setup_teardown(guesses_say_why, set_up, tear_down),
		cmocka_unit_test_setup_teardown(who_was_started_later_is_likelier, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
