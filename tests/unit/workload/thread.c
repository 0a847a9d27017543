/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/cpuset.h"
#include "workload/attributes.h"
#include "workload/procfile.h"
#include "workload/usage.h"

static const char status[] =
	"Name:\tvlat-agent\nVmHWM:\t    1234 kB\nVmLck:\t       0 kB\nCapEff:\t000001ffffffffff\nSeccomp:\t2\n";

static void fields_are_found_by_name(void **state)
{
	uint64_t v = 9;

	(void) state;
	assert_int_equal(procfile_field(status, "VmHWM", 10, &v), 0);
	assert_int_equal(v, 1234);
	assert_int_equal(procfile_field(status, "CapEff", 16, &v), 0);
	assert_true(v == 0x1ffffffffffull);
	assert_int_equal(procfile_field(status, "VmHW", 10, &v), -ENOENT);
	assert_int_equal(procfile_field(status, "Name", 10, &v), -ENOENT);
	assert_int_equal(procfile_field("", "Name", 10, &v), -ENOENT);
	assert_int_equal(procfile_field("se.nr_migrations    :        42\n", "se.nr_migrations", 10, &v), 0);
	assert_int_equal(v, 42);
}

static const char mounts_host[] =
	"22 1 0:20 / / rw - ext4 /dev/vda rw\n"
	"30 22 0:27 / /sys/fs/cgroup/cpuset rw,nosuid - cgroup cgroup rw,cpuset\n"
	"31 22 0:28 / /sys/fs/cgroup/cpu,cpuacct rw,nosuid shared:9 - cgroup cgroup rw,cpu,cpuacct\n";
static const char mounts_inside[] = "31 22 0:28 /pod/box /sys/fs/cgroup/cpu ro - cgroup cgroup rw,cpu\n";

static void the_group_of_a_v1_controller_is_found(void **state)
{
	char dir[128];

	(void) state;
	assert_int_equal(cgroup_v1_dir("5:cpuset:/other\n4:cpu,cpuacct:/a/b\n0::/u\n", mounts_host, "cpu", dir, sizeof(dir)), 0);
	assert_string_equal(dir, "/sys/fs/cgroup/cpu,cpuacct/a/b");
	assert_int_equal(cgroup_v1_dir("4:cpu:/\n", mounts_host, "cpu", dir, sizeof(dir)), 0);
	assert_string_equal(dir, "/sys/fs/cgroup/cpu,cpuacct");
	/* A container sees its own group as the root of the mount. */
	assert_int_equal(cgroup_v1_dir("4:cpu:/pod/box\n", mounts_inside, "cpu", dir, sizeof(dir)), 0);
	assert_string_equal(dir, "/sys/fs/cgroup/cpu");
	assert_int_equal(cgroup_v1_dir("4:cpu:/pod/box/in\n", mounts_inside, "cpu", dir, sizeof(dir)), 0);
	assert_string_equal(dir, "/sys/fs/cgroup/cpu/in");
	/* Version 2 alone has no such file. */
	assert_int_equal(cgroup_v1_dir("0::/user.slice\n", mounts_host, "cpu", dir, sizeof(dir)), -ENOENT);
	assert_int_equal(cgroup_v1_dir("4:cpu:/a\n", "nonsense\n", "cpu", dir, sizeof(dir)), -ENOENT);
	assert_int_equal(cgroup_v1_dir("4:cpu:/a/b\n", mounts_host, "cpu", dir, 8), -ENAMETOOLONG);
}

static void steal_is_that_of_the_cpus_meant(void **state)
{
	static const char stat[] =
		"cpu  9 9 9 9 9 9 9 300 0 0\ncpu0 1 0 1 5 0 0 0 100 0 0\ncpu1 1 0 1 5 0 0 0 200 0 0\nintr 5 1 2\n";
	struct cpuset one = cpuset_one(1), both = one, none = { 0 };

	(void) state;
	cpuset_add(&both, 0);
	assert_int_equal(steal_ticks(stat, &one), 200);
	assert_int_equal(steal_ticks(stat, &both), 300);
	assert_int_equal(steal_ticks(stat, &none), -1);
	assert_int_equal(steal_ticks("cpu0 1 2 3 4\n", &both), -1);     /* too old to know */
}

static void usage_is_a_difference(void **state)
{
	struct usage a = { .cpu_s = 1, .voluntary = 2, .involuntary = 3, .migrations = -1, .steal_s = -1, .max_rss_bytes = 7 };
	struct usage b = { .cpu_s = 4, .voluntary = 22, .involuntary = 33, .migrations = -1, .steal_s = -1, .max_rss_bytes = 9 };

	(void) state;
	usage_since(&b, &a);
	assert_true(b.cpu_s == 3 && b.voluntary == 20 && b.involuntary == 30);
	assert_true(b.migrations == -1 && b.steal_s == -1 && b.max_rss_bytes == 9);
}

static void attributes_are_read_back(void **state)
{
	struct job job = JOB_INIT;
	struct attributes a;
	struct cpuset before;

	(void) state;
	assert_int_equal(cpuset_get_affinity(0, &before), 0);
	job.cpus = cpuset_one((unsigned) cpuset_last(&before));
	assert_int_equal(attributes_apply(&job, NULL), 0);
	attributes_read(&a);
	assert_true(cpuset_equal(&a.cpus, &job.cpus));
	assert_string_equal(policy_name(a.policy), "other");
	assert_int_equal(a.priority, 0);
	assert_int_equal(cpuset_set_affinity(0, &before), 0);
}

static void an_impossible_cpu_is_named(void **state)
{
	struct job job = JOB_INIT;
	struct err err = { 0 };

	(void) state;
	job.cpus = cpuset_one(CPUSET_MAX - 1);
	assert_true(attributes_apply(&job, &err) < 0);
	assert_non_null(strstr(err.text, "CPUs 4095"));
	assert_non_null(strstr(err.text, "allowed here"));
}

static void policies_have_names(void **state)
{
	(void) state;
	assert_string_equal(policy_name(1), "fifo");
	assert_string_equal(policy_name(6), "deadline");
	assert_string_equal(policy_name(4), "unknown");
	assert_string_equal(policy_name(-1), "unknown");
	assert_string_equal(policy_name(99), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fields_are_found_by_name),
		cmocka_unit_test(the_group_of_a_v1_controller_is_found),
		cmocka_unit_test(steal_is_that_of_the_cpus_meant),
		cmocka_unit_test(usage_is_a_difference),
		cmocka_unit_test(attributes_are_read_back),
		cmocka_unit_test(an_impossible_cpu_is_named),
		cmocka_unit_test(policies_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
