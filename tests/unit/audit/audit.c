/* SPDX-License-Identifier: Apache-2.0 */
/* Families of knobs on machines that are changed a little: each state, the ranking, bad input, the JSON. */
#include "audit/audit.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include "lab.h"

/* A file with a value: differs, ok, by meaning, not there. */
static void test_files(void **state)
{
	struct lab lab;

	(void) state;
	lab_open(&lab, "server-v2");
	lab_put(&lab, "proc/sys/net/core/netdev_max_backlog", "300\n");
	lab_is(&lab, "vm-host", "net.backlog", AUDIT_DIFFERS, "300");
	lab_cure(&lab, "vm-host", "net.backlog", "sysctl -w net.core.netdev_max_backlog=1000");
	lab_put(&lab, "proc/sys/net/core/netdev_max_backlog", "5000\n");
	lab_is(&lab, "vm-host", "net.backlog", AUDIT_OK, NULL);
	lab_is(&lab, "vm-host", "iso.selinux_avc", AUDIT_ABSENT, "does not have it");
	lab_put(&lab, "proc/sys/net/core/netdev_max_backlog", "garbage \xff\n");
	lab_is(&lab, "vm-host", "net.backlog", AUDIT_DIFFERS, "garbage");
	/* Left alone in this role, whatever it is. */
	lab_put(&lab, "sys/module/kvm_intel/parameters/ple_gap", "128\n");
	lab_is(&lab, "guest", "kvm.ple", AUDIT_ABSENT, "wants nothing");
	lab_is(&lab, "vm-host", "kvm.ple", AUDIT_DIFFERS, "128");
	lab_cure(&lab, "vm-host", "kvm.ple", "options kvm_intel ple_gap=0");
	lab_close(&lab);
}

/* Masks are compared as sets, and shown as CPUs. */
static void test_masks(void **state)
{
	struct lab lab;

	(void) state;
	lab_open(&lab, "server-v2");
	lab_put(&lab, "proc/irq/default_smp_affinity", "0000ffff\n");
	lab_is(&lab, "vm-host", "irq.default", AUDIT_DIFFERS, "CPUs 0-15");
	lab_put(&lab, "proc/irq/default_smp_affinity", "00000000,00000101\n");
	lab_is(&lab, "vm-host", "irq.default", AUDIT_OK, NULL);
	lab_close(&lab);
}

static void test_boot_words(void **state)
{
	struct lab lab;

	(void) state;
	lab_open(&lab, "server-v2");
	lab_put(&lab, "proc/cmdline", "quiet\n");
	lab_is(&lab, "vm-host", "iso.skew_tick", AUDIT_DIFFERS, "0");
	lab_cure(&lab, "vm-host", "iso.skew_tick", "skew_tick=1");
	lab_is(&lab, "vm-host", "iso.mce_off", AUDIT_OK, NULL);
	lab_put(&lab, "proc/cmdline", "skew-tick=1 mce=off -- skew_tick=0\n");
	lab_is(&lab, "vm-host", "iso.skew_tick", AUDIT_OK, NULL);
	lab_is(&lab, "vm-host", "iso.mce_off", AUDIT_DIFFERS, "off");
	lab_cure(&lab, "vm-host", "iso.mce_off", "take mce=off off");
	lab_close(&lab);
}

static void test_read_only_is_blocked(void **state)
{
	struct lab lab;

	(void) state;
	lab_open(&lab, "server-v2");
	lab_put(&lab, "proc/sys/net/core/netdev_max_backlog", "300\n");
	lab_put(&lab, "proc/self/mountinfo", "20 1 0:4 / /proc/sys ro,nosuid - proc proc rw\n");
	lab_is(&lab, "vm-host", "net.backlog", AUDIT_BLOCKED, "read-only");
	lab_close(&lab);
}

static void put_state(struct lab *lab, int cpu, int state, const char *name, const char *latency, const char *disable)
{
	static const char *const files[] = { "name", "latency", "residency", "disable" };
	const char *const texts[] = { name, latency, latency, disable };
	char path[96];

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		text_print(path, sizeof(path), "sys/devices/system/cpu/cpu%d/cpuidle/state%d/%s", cpu, state, files[i]);
		lab_put(lab, path, texts[i]);
	}
}

static void test_power(void **state)
{
	struct lab lab;

	(void) state;
	lab_open(&lab, "server-v2");
	for (int cpu = 0; cpu < 16; cpu++) {
		put_state(&lab, cpu, 0, "C1", "2\n", "0\n");
		put_state(&lab, cpu, 1, "C6", "133\n", "0\n");
	}
	lab_is(&lab, "vm-host", "pwr.cstate_disable", AUDIT_DIFFERS, "enabled on CPUs 1-3,5-7,9-11,13-15");
	lab_is(&lab, "guest", "pwr.cstate_disable", AUDIT_ABSENT, NULL);
	/* A limit on each isolated CPU does it too; 0 is no limit. */
	for (int cpu = 0; cpu < 16; cpu++) {
		char path[96];

		text_print(path, sizeof(path), "sys/devices/system/cpu/cpu%d/power/pm_qos_resume_latency_us", cpu);
		lab_put(&lab, path, cpu == 3 ? "0\n" : "n/a\n");
	}
	lab_is(&lab, "vm-host", "pwr.cstate_disable", AUDIT_DIFFERS, NULL);
	lab_put(&lab, "sys/devices/system/cpu/cpu3/power/pm_qos_resume_latency_us", "2\n");
	lab_is(&lab, "vm-host", "pwr.cstate_disable", AUDIT_OK, "latency limit");
	/* The housekeeping CPUs may sleep as deep as they like. */
	lab_put(&lab, "sys/devices/system/cpu/cpu3/power/pm_qos_resume_latency_us", "0\n");
	for (int cpu = 0; cpu < 16; cpu++)
		put_state(&lab, cpu, 1, "C6", "133\n", cpu % 4 == 0 ? "0\n" : "1\n");
	lab_is(&lab, "vm-host", "pwr.cstate_disable", AUDIT_OK, "disabled");
	lab_close(&lab);
}

static void put_task(struct lab *lab, int pid, int tid, const char *comm, const char *cpus, unsigned flags, int rt, int policy)
{
	char path[96];
	AUTO_FREE char *stat =
		xprintf("%d (%s) S 1 1 1 0 -1 %u 0 0 0 0 0 0 0 0 20 0 1 0 %d 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 17 0 %d %d "
			"0 0 0 0 0 0 0 0 0 0\n",
			tid, comm, flags, 100 + tid, rt, policy);
	AUTO_FREE char *status = xprintf("Name:\t%s\nVmLck:\t       0 kB\nCpus_allowed_list:\t%s\n", comm, cpus);

	text_print(path, sizeof(path), "proc/%d/task/%d/stat", pid, tid);
	lab_put(lab, path, stat);
	text_print(path, sizeof(path), "proc/%d/task/%d/status", pid, tid);
	lab_put(lab, path, status);
	if (pid == tid) {
		text_print(path, sizeof(path), "proc/%d/comm", pid);
		lab_put(lab, path, comm);
		text_print(path, sizeof(path), "proc/%d/status", pid);
		lab_put(lab, path, status);
	}
}

/* A command line as the kernel shows it, with NULs: tree_put() writes texts. */
static void put_cmdline(struct lab *lab, int pid, const char *words)
{
	AUTO_FREE char *path = xprintf("%s/proc/%d/cmdline", lab->dir, pid), *copy = xstrdup(words);
	AUTO_FILE FILE *f = fopen(path, "w");
	size_t n = strlen(copy) + 1;

	for (char *c = copy; *c; c++)
		*c = *c == ' ' ? '\0' : *c;
	assert_non_null(f);
	assert_int_equal(fwrite(copy, 1, n, f), n);
}

static void put_vm(struct lab *lab, int pid, const char *name, const char *cpu0, const char *cpu1, const char *vhost)
{
	AUTO_FREE char *words = xprintf("qemu-system-x86_64 -name guest=%s,debug-threads=on -cpu host,pmu=off -smp 2 -netdev "
					"tap,id=n,vhost=on -object memory-backend-memfd,id=m,hugetlb=on",
					name);

	put_task(lab, pid, pid, "qemu-system-x86", "0-15", 0, 0, 0);
	put_task(lab, pid, pid + 1, "CPU 0/KVM", cpu0, 0, 0, 0);
	put_task(lab, pid, pid + 2, "CPU 1/KVM", cpu1, 0, 0, 0);
	put_task(lab, pid, pid + 3, "vhost-worker", vhost, 0, 0, 0);
	put_cmdline(lab, pid, words);
}

static void test_vms(void **state)
{
	struct lab lab;

	(void) state;
	lab_open(&lab, "server-v2");
	lab_is(&lab, "vm-host", "vm.thread_pin", AUDIT_ABSENT, "none runs here");
	put_vm(&lab, 500, "web", "2", "3", "0");
	lab_is(&lab, "vm-host", "vm.thread_pin", AUDIT_OK, NULL);
	lab_is(&lab, "vm-host", "net.vhost_worker", AUDIT_OK, NULL);
	lab_is(&lab, "vm-host", "vm.memory", AUDIT_OK, NULL);
	lab_is(&lab, "vm-host", "vm.pmu_off", AUDIT_OK, NULL);
	lab_is(&lab, "vm-host", "vm.invtsc", AUDIT_DIFFERS, "off");
	/* Another one on the same CPU, and its vhost worker there too. */
	put_vm(&lab, 600, "db", "3", "0-15", "0-3");
	lab_is(&lab, "vm-host", "vm.thread_pin", AUDIT_DIFFERS, "another vCPU's too");
	lab_is(&lab, "vm-host", "net.vhost_worker", AUDIT_DIFFERS, "CPUs 0-3");
	lab_audit(&lab, NULL, NULL);
	assert_int_equal(lab.audit->role, ROLE_VM_HOST);
	assert_true(lab.audit->role_guessed);
	lab_close(&lab);
}

/* Two nodes, vCPUs on the first: memory on the second is found, but only when the VM is asked for. */
static void test_vm_memory(void **state)
{
	struct lab lab;

	(void) state;
	lab_open(&lab, "server-v2");
	put_vm(&lab, 500, "web", "2", "3", "0");
	lab_put(&lab, "proc/500/numa_maps", "7f00 bind:1 huge N0=4 N1=508 kernelpagesize_kB=2048\n");
	lab_is(&lab, "vm-host", "mem.numa_bind", AUDIT_DIFFERS, "node 1");
	lab_put(&lab, "proc/500/numa_maps", "7f00 bind:0 huge N0=512 kernelpagesize_kB=2048\n");
	lab_is(&lab, "vm-host", "mem.numa_bind", AUDIT_OK, "node 0");
	lab_audit(&lab, "vm-host", NULL);
	for (size_t i = 0; i < lab.audit->n; i++) {
		if (text_eq(lab.audit->at[i].knob->id, "mem.numa_bind"))
			assert_int_equal(lab.audit->at[i].state, AUDIT_UNSEEN);
	}
	lab_close(&lab);
}

static void test_one_vm(void **state)
{
	struct audit_options o = { .role = "vm-host", .scope = AUDIT_VMS, .which = "web" };
	struct err err = { 0 };
	struct lab lab;

	(void) state;
	lab_open(&lab, "server-v2");
	put_vm(&lab, 500, "web", "2", "3", "0");
	put_vm(&lab, 600, "db", "6", "7", "0");
	assert_int_equal(lab_try(&lab, &o, &err), 0);
	for (size_t i = 0; i < lab.audit->n; i++) {
		assert_true(lab.audit->at[i].knob->of_vm);
		if (text_eq(lab.audit->at[i].knob->id, "vm.thread_pin"))
			assert_int_equal(lab.audit->at[i].state, AUDIT_OK);
	}
	/* Only this one is told about, but what it shares with others is seen. */
	put_vm(&lab, 600, "db", "2", "7", "0");
	assert_int_equal(lab_try(&lab, &o, &err), 0);
	for (size_t i = 0; i < lab.audit->n; i++) {
		if (text_eq(lab.audit->at[i].knob->id, "vm.thread_pin"))
			assert_int_equal(lab.audit->at[i].state, AUDIT_DIFFERS);
		for (size_t n = 0; n < lab.audit->at[i].settings.n; n++)
			assert_null(strstr(lab.audit->at[i].settings.at[n].target, "db"));
	}
	o.which = "600";
	assert_int_equal(lab_try(&lab, &o, &err), 0);
	o.which = "wep";
	assert_int_equal(lab_try(&lab, &o, &err), -ENOENT);
	assert_non_null(strstr(err.text, "did you mean web?"));
	lab_close(&lab);
}

static void test_containers(void **state)
{
#define ID  "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define DIR "sys/fs/cgroup/system.slice/docker-" ID ".scope/"
	struct audit_options o = { .role = "container-host", .scope = AUDIT_CONTAINERS, .which = "0123" };
	struct err err = { 0 };
	struct lab lab;

	(void) state;
	lab_open(&lab, "server-v2");
	lab_is(&lab, "container-host", "ctr.quota", AUDIT_ABSENT, "none runs here");
	lab_put(&lab, DIR "cgroup.procs", "900\n");
	lab_put(&lab, DIR "cpu.max", "50000 100000\n");
	lab_put(&lab, DIR "cpu.stat", "usage_usec 5\nnr_periods 40\nnr_throttled 12\n");
	lab_put(&lab, DIR "cpuset.cpus.effective", "0-15\n");
	lab_is(&lab, "container-host", "ctr.quota", AUDIT_DIFFERS, "12 times");
	lab_is(&lab, "container-host", "ctr.cpuset", AUDIT_DIFFERS, "CPUs 0-15");
	lab_put(&lab, DIR "cpu.max", "max 100000\n");
	lab_put(&lab, DIR "cpuset.cpus.effective", "2-3\n");
	lab_is(&lab, "container-host", "ctr.quota", AUDIT_OK, NULL);
	lab_is(&lab, "container-host", "ctr.cpuset", AUDIT_OK, NULL);
	assert_int_equal(lab_try(&lab, &o, &err), 0);
	o.which = "beef";
	assert_int_equal(lab_try(&lab, &o, &err), -ENOENT);
	lab_close(&lab);
}

static void test_ranking(void **state)
{
	struct lab lab;
	size_t n = 0;

	(void) state;
	lab_open(&lab, "server-v2");
	lab_audit(&lab, "vm-host", NULL);
	for (size_t i = 1; i < lab.audit->n; i++) {
		const struct finding *a = &lab.audit->at[i - 1], *b = &lab.audit->at[i];

		assert_true(a->state <= b->state);
		if (a->state == b->state)
			assert_true(a->effect >= b->effect);
	}
	for (unsigned s = 0; s < AUDIT_STATE_COUNT; s++)
		n += lab.audit->count[s];
	assert_int_equal(n, lab.audit->n);
	assert_int_equal(lab.audit->count[AUDIT_DIFFERS],
			 lab.audit->differ[0] + lab.audit->differ[1] + lab.audit->differ[2] + lab.audit->differ[3]);
	lab_close(&lab);
}

static void refused(struct lab *lab, const struct audit_options *o, const char *says)
{
	struct err err = { 0 };

	assert_true(lab_try(lab, o, &err) < 0);
	if (!strstr(err.text, says))
		fail_msg("\"%s\" does not say \"%s\"", err.text, says);
}

static void test_bad_input(void **state)
{
	struct cpuset far = cpuset_one(200), half = cpuset_one(3);
	struct lab lab;

	(void) state;
	lab_open(&lab, "server-v2");
	refused(&lab, &(struct audit_options){ .role = "vmhost" }, "did you mean vm-host?");
	refused(&lab, &(struct audit_options){ .role = "x" }, "no role \"x\"");
	refused(&lab, &(struct audit_options){ .only = "pwr.governer" }, "did you mean pwr.governor?");
	refused(&lab, &(struct audit_options){ .cpus = &far }, "online, 0-15");
	refused(&lab, &(struct audit_options){ .cpus = &half }, "hardware threads of one core");
	lab_close(&lab);
}

/* What cannot be read is named, and is no verdict; the rest is looked at.  A folder in the file's place: not even root reads
 * that. */
static void test_unreadable(void **state)
{
	static const char *const paths[] = { "proc/cmdline", "proc/sys/vm/stat_interval" };
	struct lab lab;
	size_t seen;

	(void) state;
	lab_open(&lab, "server-v2");
	lab_audit(&lab, "vm-host", NULL);
	seen = lab.audit->count[AUDIT_UNSEEN];
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		AUTO_FREE char *path = xprintf("%s/%s", lab.dir, paths[i]);

		assert_int_equal(unlink(path), 0);
		assert_int_equal(mkdir(path, 0755), 0);
	}
	lab_is(&lab, "vm-host", "iso.skew_tick", AUDIT_UNSEEN, "/proc/cmdline cannot be read");
	lab_is(&lab, "vm-host", "iso.mce_off", AUDIT_UNSEEN, "/proc/cmdline cannot be read");
	lab_is(&lab, "vm-host", "iso.stat_interval", AUDIT_UNSEEN, "stat_interval");
	lab_audit(&lab, "vm-host", NULL);
	assert_true(lab.audit->count[AUDIT_UNSEEN] > seen + 5);
	assert_true(lab.audit->count[AUDIT_DIFFERS] > 10);
	lab_close(&lab);
}

/* One CPU: nothing can be isolated, the rest is still looked at. */
static void test_one_cpu(void **state)
{
	struct lab lab;

	(void) state;
	lab_open(&lab, "one-cpu");
	lab_is(&lab, "vm-host", "iso.nohz_full", AUDIT_ABSENT, "one CPU");
	lab_audit(&lab, "vm-host", NULL);
	assert_true(lab.audit->count[AUDIT_DIFFERS] > 0);
	lab_close(&lab);
}

static void test_json(void **state)
{
	struct lab lab;
	json_t *all, *some, *list;

	(void) state;
	lab_open(&lab, "server-v2");
	lab_audit(&lab, "vm-host", NULL);
	all = lab_json(lab.audit, false);
	some = lab_json(lab.audit, true);
	assert_string_equal(json_string_value(json_object_get(all, "role")), "vm-host");
	list = json_object_get(all, "findings");
	assert_int_equal(json_array_size(list), lab.audit->n);
	assert_int_equal(json_array_size(json_object_get(some, "findings")),
			 lab.audit->count[AUDIT_DIFFERS] + lab.audit->count[AUDIT_BLOCKED]);
	for (size_t i = 0; i < json_array_size(list); i++) {
		static const char *const texts[] = {
			"knob", "title", "state", "severity", "why", "cost", "takes_effect", "source"
		};
		const json_t *f = json_array_get(list, i);
		const char *s = json_string_value(json_object_get(f, "state"));

		for (size_t t = 0; t < ARRAY_SIZE(texts); t++)
			assert_true(json_is_string(json_object_get(f, texts[t])));
		if (text_eq(s, "differs") && !json_is_string(json_object_get(f, "cure")))
			fail_msg("%s differs and has no cure", json_string_value(json_object_get(f, "knob")));
	}
	json_decref(all);
	json_decref(some);
	lab_close(&lab);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_files),      cmocka_unit_test(test_masks),
		cmocka_unit_test(test_boot_words), cmocka_unit_test(test_read_only_is_blocked),
		cmocka_unit_test(test_power),      cmocka_unit_test(test_vms),
		cmocka_unit_test(test_one_vm),     cmocka_unit_test(test_vm_memory),
		cmocka_unit_test(test_containers), cmocka_unit_test(test_ranking),
		cmocka_unit_test(test_bad_input),  cmocka_unit_test(test_unreadable),
		cmocka_unit_test(test_one_cpu),    cmocka_unit_test(test_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
