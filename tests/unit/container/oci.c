/* SPDX-License-Identifier: Apache-2.0 */
/* config.json of the containers that vlat makes, and what must be true of each. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdlib.h>

#include "../../golden/golden.h"
#include "container/oci.h"

static const char *const args[] = { "/agent", NULL }, *const env[] = { "PATH=/", "VLAT_RUN=r4k2az", NULL };

static struct oci_spec plain(void)
{
	return (struct oci_spec) { .hostname = "vlat", .args = args, .env = env, .cgroup = "/vlat-r4k2az/c0" };
}

static void check(const struct oci_spec *spec, const char *name)
{
	char *text = oci_config_text(spec);

	assert_non_null(text);
	golden_check(name, text);
	free(text);
}

static void test_stock(void **state)
{
	struct oci_spec s = plain();

	(void) state;
	s.netns = "/run/netns/vlat-r4k2az-s";
	check(&s, "oci/stock.json");
}

static void test_tuned_v1(void **state)
{
	struct oci_spec s = plain();

	(void) state;
	s.netns = "/run/netns/vlat-r4k2az-s";
	s.cpus = cpuset_one(1);
	cpuset_add(&s.cpus, 0);
	cpuset_add(&s.cpus, 5);
	s.mems = "0";
	s.rt = (struct rt_budget) { .runtime_us = 950000, .period_us = 1000000 };
	check(&s, "oci/tuned-v1.json");
}

static void test_tuned_v2(void **state)
{
	static const struct oci_pair raw[] = {
		{ .key = "cpuset.cpus.partition", .value = "isolated" },
		{ .key = "memory.swap.max", .value = "0" },
		{ .key = NULL },
	};
	struct oci_spec s = plain();

	(void) state;
	s.cpus = cpuset_one(3);
	s.unified = raw;
	s.own_cgroups = true;
	check(&s, "oci/tuned-v2.json");
}

/* A partition of the isolated CPUs: the measuring thread must be able to reach its group. */
static void test_partition(void **state)
{
	struct oci_spec s = plain();

	(void) state;
	s.threads_file = "/sys/fs/cgroup/vlat-r4k2az/iso/cgroup.threads";
	check(&s, "oci/partition-v2.json");
	s.threads_file = "/sys/fs/cgroup/\xff";
	assert_null(oci_config(&s));
}

/* In every container: no right but two, none to be gained, no limit raised, nothing writable, no terminal. */
static void test_confined(void **state)
{
	static const char *const sets[] = { "bounding", "effective", "permitted" };
	struct oci_spec s = plain();
	json_t *config, *process, *caps;

	(void) state;
	config = oci_config(&s);
	process = json_object_get(config, "process");
	caps = json_object_get(process, "capabilities");
	assert_int_equal(json_object_size(caps), 3);
	for (size_t i = 0; i < 3; i++) {
		json_t *set = json_object_get(caps, sets[i]);

		assert_int_equal(json_array_size(set), 2);
		assert_string_equal(json_string_value(json_array_get(set, 0)), "CAP_IPC_LOCK");
		assert_string_equal(json_string_value(json_array_get(set, 1)), "CAP_SYS_NICE");
	}
	assert_true(json_is_true(json_object_get(process, "noNewPrivileges")));
	assert_true(json_is_false(json_object_get(process, "terminal")));
	assert_null(json_object_get(process, "rlimits"));
	assert_true(json_is_true(json_object_get(json_object_get(config, "root"), "readonly")));
	assert_null(json_object_get(json_object_get(config, "linux"), "seccomp"));
	json_decref(config);
}

/* Words from outside that are no UTF-8 make no half config. */
static void test_not_text(void **state)
{
	static const char *const bad[] = { "/agent", "\xff\xfe", NULL };
	struct oci_spec s = plain();
	json_t *config;

	(void) state;
	s.args = bad;
	config = oci_config(&s);
	assert_null(config);
	s = plain();
	s.netns = "/run/netns/\xff";
	config = oci_config(&s);
	assert_null(config);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stock),    cmocka_unit_test(test_tuned_v1), cmocka_unit_test(test_tuned_v2),
		cmocka_unit_test(test_confined), cmocka_unit_test(test_partition), cmocka_unit_test(test_not_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
