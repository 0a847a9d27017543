/* SPDX-License-Identifier: Apache-2.0 */
/* Whole machines read: tests/hosts. */
#include "host/facts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../golden/golden.h"
#include "../../hosts/tree.h"

static void with_facts(const char *host, void (*fn)(const struct host_facts *f))
{
	struct host_facts f;
	struct err err = { 0 };
	struct fs fs;
	char dir[64];

	tree_open(host, dir, &fs);
	if (host_facts_read(&fs, &f, &err) < 0)
		fail_msg("%s", err.text);
	fn(&f);
	host_facts_free(&f);
	tree_close(dir, &fs);
}

static void two_cpu(const struct host_facts *f)
{
	assert_int_equal(f->cpu.n, 2);
	assert_int_equal(f->cpu.n_possible, 2);
	assert_int_equal(f->cgroup.layout, HOST_CGROUPS_HYBRID);
	assert_int_equal(f->cgroup.cpuset.version, 1);
	assert_string_equal(f->cgroup.cpuset.dir, "sys/fs/cgroup/cpuset");
	assert_string_equal(f->cgroup.cpu.dir, "sys/fs/cgroup/cpu,cpuacct");
	assert_true(f->cgroup.cpuset.writable);
	assert_int_equal(f->kernel.rt_group, RT_GROUP_V1);
	assert_true(f->kernel.virtual_machine);
	assert_string_equal(f->kernel.preempt, "dynamic");
	assert_string_equal(f->kernel.debugfs, "");
}

static void server(const struct host_facts *f)
{
	const struct cpu_fact *nine = cpu_fact(&f->cpu, 9);
	char list[32];

	assert_non_null(nine);
	assert_string_equal(cpuset_list(&nine->siblings, list, sizeof(list)), "1,9");
	assert_int_equal(nine->core, 1);
	assert_int_equal(cpu_fact(&f->cpu, 15)->node, 1);
	assert_null(cpu_fact(&f->cpu, 16));
	assert_true(f->cpu.smt_active);
	assert_int_equal(f->cgroup.layout, HOST_CGROUPS_V2);
	assert_int_equal(f->cgroup.cpuset.version, 2);
	assert_string_equal(f->cgroup.cpuset.own, "/user.slice/user-0.slice/session-1.scope");
	assert_string_equal(f->kernel.preempt, "voluntary");
	assert_string_equal(f->kernel.lockdown, "none");
	assert_string_equal(f->kernel.debugfs, "sys/kernel/debug");
	assert_string_equal(f->writers, "irqbalance");
	assert_string_equal(f->governor, "powersave");
	assert_int_equal(f->memory.huge[0].free, 1024);
	assert_true(f->kvm_device);
}

static void rt_old(const struct host_facts *f)
{
	char list[32];

	assert_true(f->kernel.realtime);
	assert_string_equal(f->kernel.preempt, "rt");
	assert_string_equal(cpuset_list(&f->cpu.nohz_full, list, sizeof(list)), "2-3");
	assert_string_equal(f->os, "Debian GNU/Linux 12 (bookworm)");
}

static void container(const struct host_facts *f)
{
	assert_int_equal(f->cgroup.cpuset.version, 2);
	assert_false(f->cgroup.cpuset.writable);
	assert_string_equal(f->cgroup.cpuset.own, "/sub");
	assert_false(f->kvm_device);
}

static void test_machines(void **state)
{
	(void) state;
	with_facts("two-cpu-vm", two_cpu);
	with_facts("server-v2", server);
	with_facts("rt-v2-old", rt_old);
	with_facts("container", container);
}

static void as_json(const struct host_facts *f)
{
	json_t *j = host_facts_json(f);
	char *text = json_dumps(j, JSON_INDENT(2));

	assert_non_null(text);
	golden_check("hosts/server-v2.json", text);
	free(text);
	json_decref(j);
}

static void test_json(void **state)
{
	(void) state;
	with_facts("server-v2", as_json);
}

static void test_not_a_machine(void **state)
{
	struct host_facts f;
	struct err err = { 0 };
	char dir[] = "/tmp/vlat-host-XXXXXX";
	struct fs fs;

	(void) state;
	assert_non_null(mkdtemp(dir));
	assert_int_equal(fs_open_root(&fs, dir, &err), 0);
	assert_true(host_facts_read(&fs, &f, &err) < 0);
	assert_non_null(strstr(err.text, "online"));
	tree_close(dir, &fs);
}

/* The machine we run on, whatever it is. */
static void test_live(void **state)
{
	struct host_facts f;
	struct err err = { 0 };
	struct fs fs;
	json_t *j;

	(void) state;
	assert_int_equal(fs_open_root(&fs, "/", &err), 0);
	if (host_facts_read(&fs, &f, &err) < 0)
		fail_msg("%s", err.text);
	assert_true(f.cpu.n >= 1);
	assert_true(f.memory.total_bytes > 0);
	j = host_facts_json(&f);
	assert_non_null(j);
	json_decref(j);
	host_facts_free(&f);
	fs_close(&fs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_machines),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_not_a_machine),
		cmocka_unit_test(test_live),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
