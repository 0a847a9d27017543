/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <string.h>

#include <cmocka.h>

#include "profile/cpu_expr.h"

/*
 * Two sockets, each a NUMA node with two cores of two threads: cores 0,8 1,9 |
 * 2,10 3,11; CPU 9 is the second thread of CPU 1.  CPU 3 and 11 were isolated
 * at boot and are efficient cores.
 */
static struct cpu_fact eight[8];
static struct cpu_facts machine = { .at = eight, .n = 8 };

static int make_machine(void **state)
{
	static const unsigned cpus[8] = { 0, 1, 2, 3, 8, 9, 10, 11 };

	(void) state;
	for (size_t i = 0; i < 8; i++) {
		unsigned core = cpus[i] % 8;

		eight[i] = (struct cpu_fact){ .cpu = cpus[i],
					      .package = (int) core / 2,
					      .node = (int) core / 2,
					      .core = (int) core % 2,
					      .kind = core == 3 ? CPU_KIND_EFFICIENT : CPU_KIND_PERFORMANCE };
		cpuset_add(&eight[i].siblings, core);
		cpuset_add(&eight[i].siblings, core + 8);
		cpuset_add(&machine.online, cpus[i]);
	}
	cpuset_add(&machine.isolated, 3);
	cpuset_add(&machine.isolated, 11);
	return 0;
}

static void gives(const char *text, const char *wanted)
{
	struct err err = { 0 };
	struct cpuset got;
	char list[64];

	if (cpu_expr(text, &machine, &got, &err) < 0)
		fail_msg("%s: %s", text, err.text);
	assert_string_equal(cpuset_list(&got, list, sizeof(list)), wanted);
}

static void refuses(const char *text, int code, const char *why)
{
	struct err err = { 0 };
	struct cpuset got = cpuset_one(77);

	assert_int_equal(cpu_expr(text, &machine, &got, &err), code);
	if (!strstr(err.text, why))
		fail_msg("%s: \"%s\" does not say \"%s\"", text, err.text, why);
	assert_int_equal(cpuset_first(&got), 77); /* left as it was */
}

static void names(void **state)
{
	(void) state;
	gives("all", "0-3,8-11");
	gives("first_core", "0,8");
	gives("first_core_per_node", "0,2,8,10");
	gives("first_core_per_package", "0,2,8,10");
	gives("second_threads", "8-11");
	gives("boot_isolated", "3,11");
	gives("efficient", "3,11");
	gives("performance", "0-2,8-10");
	gives("node(1)", "2-3,10-11");
	gives("package( 0 )", "0-1,8-9");
	gives("node(7)", "");
}

static void operators(void **state)
{
	(void) state;
	gives("all - first_core_per_node", "1,3,9,11");
	gives("  all-first_core  ", "1-3,9-11");
	gives("2-3", "2-3");
	gives("all - 2-3", "0-1,8-11");
	gives("all-2-3", "0-1,8-11");
	gives("2-3 - 3", "2");
	gives("0,8 + 1", "0-1,8");
	gives("all - node(0) & second_threads", "0-3,10-11"); /* & binds closer */
	gives("(all - node(0)) & second_threads", "10-11");
	gives("all - 1 - 2", "0,3,8-11");
	gives("all - (1 - 2)", "0,2-3,8-11");
}

static void errors_name_the_column(void **state)
{
	(void) state;
	refuses("", -EINVAL, "column 1: a name or a list");
	refuses("all - ", -EINVAL, "column 7: a name or a list");
	refuses("all first_core", -EINVAL, "column 5: +, -, & or the end");
	refuses("all - frist_core", -EINVAL, "column 7: there is no set of CPUs called \"frist_core\"; did you mean first_core?");
	refuses("(all", -EINVAL, "column 5: a closing bracket");
	refuses("node", -EINVAL, "column 5: a number in brackets");
	refuses("node(x)", -EINVAL, "column 6: a number and a closing bracket");
	refuses("all - 3-", -EINVAL, "column 7: a list of CPUs");
	refuses("all - 5", -ERANGE, "column 7: this machine has no CPU 5 online");
	refuses("ALL", -EINVAL, "column 1");
	refuses("((((((((((((((((((((((((((((((((((((((((all", -EINVAL, "too many brackets");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),
		cmocka_unit_test(operators),
		cmocka_unit_test(errors_name_the_column),
	};

	return cmocka_run_group_tests(tests, make_machine, NULL);
}
