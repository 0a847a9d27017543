/* SPDX-License-Identifier: Apache-2.0 */
#include "host/split.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../hosts/tree.h"
#include "host/placement.h"

/* n cores of `threads` hardware threads (CPU c and c + n are siblings), spread over nodes in order. */
static struct cpu_facts machine(unsigned cores, unsigned threads, unsigned nodes)
{
	struct cpu_facts f = { .n = (size_t) cores * threads, .n_possible = cores * threads };

	f.at = xalloc(f.n, sizeof(*f.at));
	for (unsigned c = 0; c < f.n; c++) {
		unsigned core = c % cores;

		cpuset_add(&f.online, c);
		f.at[c] = (struct cpu_fact){ .cpu = c, .core = (int) core, .node = (int) (core / (cores / nodes)) };
		for (unsigned t = 0; t < threads; t++)
			cpuset_add(&f.at[c].siblings, core + t * cores);
	}
	f.possible = f.online;
	return f;
}

static void proposes(unsigned cores, unsigned threads, unsigned nodes, const char *boot, const char *house, const char *iso)
{
	struct cpu_facts f = machine(cores, threads, nodes);
	struct cpu_split s;
	char list[128];

	assert_int_equal(cpuset_parse_list(boot, &f.isolated), 0);
	split_propose(&f, &s);
	assert_int_equal(s.possible, iso[0] != '\0');
	assert_string_equal(cpuset_list(&s.housekeeping, list, sizeof(list)), house);
	assert_string_equal(cpuset_list(&s.isolated, list, sizeof(list)), iso);
	assert_true(s.why[0] != '\0');
	cpu_facts_free(&f);
}

static void test_proposals(void **state)
{
	(void) state;
	proposes(1, 1, 1, "", "", "");
	proposes(1, 2, 1, "", "", ""); /* two hardware threads of one core */
	proposes(2, 1, 1, "", "0", "1");
	proposes(2, 1, 2, "", "0", "1"); /* two nodes of one core */
	proposes(2, 2, 1, "", "0,2", "1,3");
	proposes(4, 1, 1, "", "0", "1-3");
	proposes(8, 1, 1, "", "0-1", "2-7");
	proposes(8, 2, 2, "", "0,4,8,12", "1-3,5-7,9-11,13-15");
	proposes(16, 1, 2, "", "0-1,8-9", "2-7,10-15");
	proposes(4, 1, 1, "2-3", "0-1", "2-3");
	proposes(4, 2, 1, "3,6-7", "0-2,4-6", "3,7"); /* CPU 6 is half a core */
	proposes(4, 1, 1, "0-3", "0", "1-3");         /* all isolated at boot: somebody's mistake */
}

static void test_choice(void **state)
{
	struct cpu_facts f = machine(4, 2, 1);
	struct cpuset set;
	struct cpu_split s;
	struct err err = { 0 };
	static const struct {
		const char *list, *says;
	} bad[] = { { "", "online" }, { "9", "online" }, { "0-7", "all CPUs" }, { "1", "one core" }, { "1,5,6", "2,6" } };

	(void) state;
	assert_int_equal(cpuset_parse_list("1,5", &set), 0);
	assert_int_equal(split_from_isolated(&f, &set, &s, &err), 0);
	assert_int_equal(cpuset_count(&s.housekeeping), 6);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(cpuset_parse_list(bad[i].list, &set), 0);
		assert_int_equal(split_from_isolated(&f, &set, &s, &err), -EINVAL);
		if (!strstr(err.text, bad[i].says))
			fail_msg("\"%s\": %s", bad[i].list, err.text);
	}
	cpu_facts_free(&f);
}

static void roles(unsigned cores, unsigned threads, unsigned nodes, const char *sut, const char *peer, const char *emulator)
{
	struct cpu_facts f = machine(cores, threads, nodes);
	struct cpu_split s;
	struct placement p;
	char list[64];

	split_propose(&f, &s);
	placement_propose(&s, &p);
	assert_string_equal(cpuset_list(&p.sut_cpus, list, sizeof(list)), sut);
	assert_string_equal(cpuset_list(&p.peer_cpus, list, sizeof(list)), peer);
	assert_string_equal(cpuset_list(&p.emulator_cpus, list, sizeof(list)), emulator);
	cpu_facts_free(&f);
}

static void test_roles(void **state)
{
	(void) state;
	roles(1, 1, 1, "", "", "");
	roles(2, 1, 1, "1", "1", "0");
	roles(3, 1, 1, "1", "2", "0");
	roles(4, 1, 1, "1", "3", "2");
	roles(8, 1, 1, "2-5", "7", "6");
	roles(4, 2, 1, "1", "3", "2");     /* siblings 5-7 stay idle */
	roles(8, 2, 2, "1,5-7", "3", "2"); /* all three on the first node */
	roles(4, 1, 2, "1", "3", "2");
}

/* Only a partition, and only for a role that runs on its CPUs alone. */
static void test_threads_file(void **state)
{
	struct placement p = { .cgroup = "/sys/fs/cgroup/vlat-x" };
	char file[192] = "untouched";

	(void) state;
	p.sut_cpus = cpuset_one(3);
	p.emulator_cpus = p.housekeeping = cpuset_one(0);
	assert_false(placement_threads_file(&p, PLACE_SUT, file, sizeof(file)));
	strcpy(p.cgroup_iso, "/sys/fs/cgroup/vlat-x/iso");
	assert_true(placement_threads_file(&p, PLACE_SUT, file, sizeof(file)));
	assert_string_equal(file, "/sys/fs/cgroup/vlat-x/iso/cgroup.threads");
	assert_false(placement_threads_file(&p, PLACE_EMULATOR, file, sizeof(file)));
	assert_false(placement_threads_file(&p, PLACE_HOUSEKEEPING, file, sizeof(file)));
	assert_false(placement_threads_file(&p, PLACE_PEER, file, sizeof(file)));       /* anywhere */
	assert_false(placement_threads_file(&(struct placement) { 0 }, PLACE_SUT, file, sizeof(file)));
}

static void test_stock_placement_touches_nothing(void **state)
{
	struct placement p = { 0 };
	struct err err = { 0 };

	(void) state;
	assert_int_equal(placement_put(&p, PLACE_SUT, -1, &err), 0); /* not even looked at */
	assert_int_equal(placement_put_one(&p, PLACE_SUT, 3, -1, &err), 0);
	assert_int_equal(placement_join(&p, PLACE_EMULATOR, -1, &err), 0);
}

static void test_placement_of_this_thread(void **state)
{
	struct placement p = { 0 };
	struct cpuset all, now;
	struct err err = { 0 };

	(void) state;
	assert_int_equal(cpuset_get_affinity(0, &all), 0);
	p.sut_cpus = all;
	assert_int_equal(placement_put_one(&p, PLACE_SUT, cpuset_count(&all), getpid(), &err), 0); /* wraps */
	assert_int_equal(cpuset_get_affinity(0, &now), 0);
	assert_int_equal(cpuset_count(&now), 1);
	assert_int_equal(cpuset_first(&now), cpuset_first(&all));
	assert_int_equal(placement_put(&p, PLACE_SUT, getpid(), &err), 0);
	p.sut_cpus = cpuset_one(CPUSET_MAX - 1);
	assert_int_equal(placement_put(&p, PLACE_SUT, getpid(), &err), -EINVAL);
	assert_non_null(strstr(err.text, "4095"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_proposals),
		cmocka_unit_test(test_choice),
		cmocka_unit_test(test_roles),
		cmocka_unit_test(test_threads_file),
		cmocka_unit_test(test_stock_placement_touches_nothing),
		cmocka_unit_test(test_placement_of_this_thread),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
