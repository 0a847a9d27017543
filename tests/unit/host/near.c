/* SPDX-License-Identifier: Apache-2.0 */
/* Which node a network device is on, by whatever name, and CPUs there. */
#include "host/near.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/vec.h"
#include "../net/machine_tree.h"

static void test_node(void **state)
{
	struct machine m;

	(void) state;
	machine_open(&m);
	machine_put(&m, "1\n", DEV PF "/numa_node");
	machine_put(&m, "", "sys/class/net/br0/lower_bond0");
	machine_put(&m, "", "sys/class/net/bond0/lower_eth1");
	machine_put(&m, "", "sys/class/net/loop/lower_loop");
	assert_int_equal(near_node(&m.fs, PF), 1);
	assert_int_equal(near_node(&m.fs, "01:00.0"), 1);
	assert_int_equal(near_node(&m.fs, "eth1"), 1);
	assert_int_equal(near_node(&m.fs, "br0"), 1);
	assert_int_equal(near_node(&m.fs, "loop"), -1);
	assert_int_equal(near_node(&m.fs, "eth7"), -1);
	assert_int_equal(near_node(&m.fs, "0000:09:00.0"), -1);
	assert_int_equal(near_node(&m.fs, "../eth1"), -1);
	machine_put(&m, "-1\n", DEV PF "/numa_node");
	assert_int_equal(near_node(&m.fs, "br0"), -1);
	machine_close(&m);
}

/* Eight cores, two nodes; 1-3 and 5-7 set apart. */
static void test_split(void **state)
{
	struct cpu_facts f = { .n = 8, .n_possible = 8 };
	struct cpu_split s, before;
	struct cpuset far;

	(void) state;
	f.at = xalloc(f.n, sizeof(*f.at));
	for (unsigned c = 0; c < 8; c++) {
		cpuset_add(&f.online, c);
		f.at[c] = (struct cpu_fact){ .cpu = c, .core = (int) c, .node = (int) c / 4, .siblings = cpuset_one(c) };
	}
	split_propose(&f, &s);
	before = s;
	assert_int_equal(cpuset_parse_list("5-7", &far), 0);
	assert_false(split_near(&f, -1, 1, &s));
	assert_false(split_near(&f, 2, 0, &s));
	assert_false(split_near(&f, 1, 4, &s));
	assert_memory_equal(&s, &before, sizeof(s));
	assert_true(split_near(&f, 1, 3, &s));
	assert_true(cpuset_equal(&s.leaders, &far) && cpuset_equal(&s.near, &far));
	assert_true(cpuset_equal(&s.isolated, &before.isolated));
	cpu_facts_free(&f);
}

static struct cpuset list(const char *text)
{
	struct cpuset s;

	assert_int_equal(cpuset_parse_list(text, &s), 0);
	return s;
}

/* Eight cores, two nodes, 1-3 and 5-7 set apart: what the tuning gave out moves to the card's node. */
static void test_placement(void **state)
{
	struct placement p = { .sut_cpus = list("1,5-7"), .peer_cpus = list("3"), .emulator_cpus = list("2"), .housekeeping = list("0,4") },
			 before = p;
	struct cpu_facts f = { .n = 8 };
	char text[32];

	(void) state;
	f.at = xalloc(f.n, sizeof(*f.at));
	for (unsigned c = 0; c < 8; c++)
		f.at[c] = (struct cpu_fact){ .cpu = c, .node = (int) c / 4 };
	assert_false(placement_near(&f, -1, 1, &p));
	assert_false(placement_near(&f, 1, 2, &p));
	assert_memory_equal(&p, &before, sizeof(p));
	assert_true(placement_near(&f, 1, 1, &p));
	assert_string_equal(cpuset_list(&p.sut_cpus, text, sizeof(text)), "5");
	assert_string_equal(cpuset_list(&p.emulator_cpus, text, sizeof(text)), "6");
	assert_string_equal(cpuset_list(&p.peer_cpus, text, sizeof(text)), "7");
	p = (struct placement){ .emulator_cpus = list("4"), .sut_cpus = list("5"), .peer_cpus = list("5"), .housekeeping = list("0-4") };
	assert_false(placement_near(&f, 1, 1, &p));
	p = (struct placement){ 0 }; /* stock */
	assert_false(placement_near(&f, 1, 1, &p));
	cpu_facts_free(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_node),
		cmocka_unit_test(test_split),
		cmocka_unit_test(test_placement),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
