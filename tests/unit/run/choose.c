/* SPDX-License-Identifier: Apache-2.0 */
/* Which CPUs a run gets: numbers, lists, what is refused and how that is said. */
#include "run/choose.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"
#include "base/vec.h"

/* Two packages of four cores with two threads each: CPU n and n + 8 are one core. */
static struct cpu_facts big(void)
{
	struct cpu_facts f = { .n_possible = 16, .n = 16, .smt_active = true };

	f.at = xalloc(16, sizeof(*f.at));
	for (unsigned i = 0; i < 16; i++) {
		f.at[i] = (struct cpu_fact){
			.cpu = i, .package = (int) (i % 8 / 4), .core = (int) (i % 8), .node = (int) (i % 8 / 4)
		};
		cpuset_add(&f.at[i].siblings, i % 8);
		cpuset_add(&f.at[i].siblings, i % 8 + 8);
		cpuset_add(&f.online, i);
	}
	f.possible = f.online;
	return f;
}

static struct cpuset set(const char *list)
{
	struct cpuset s = { 0 };

	assert_int_equal(cpuset_parse_list(list, &s), 0);
	return s;
}

static void expect(const struct choice *c, const char *wish, const char *want)
{
	struct cpu_wish w;
	struct cpuset got = { 0 };
	struct err e = { 0 };
	char list[128];

	assert_int_equal(cpu_wish_parse(wish, &w, &e), 0);
	if (choose_cpus(c, &w, &got, &e) < 0)
		fail_msg("%s: %s", wish, e.text);
	assert_string_equal(cpuset_list(&got, list, sizeof(list)), want);
}

static void expect_refused(const struct choice *c, const char *wish, int code, const char *says)
{
	struct cpu_wish w;
	struct cpuset got = { 0 };
	struct err e = { 0 };

	assert_int_equal(cpu_wish_parse(wish, &w, &e), 0);
	assert_int_equal(choose_cpus(c, &w, &got, &e), code);
	if (!strstr(e.text, says))
		fail_msg("%s: \"%s\" does not say \"%s\"", wish, e.text, says);
	assert_true(cpuset_empty(&got));
}

static void wishes(void **state)
{
	static const char *const bad[] = { "", "0", "two", "1-", "3-1", "99999", ",", "1,,2", "-1", "2 3", "5000-5001" };
	struct cpu_wish w;
	struct err e = { 0 };

	(void) state;
	assert_int_equal(cpu_wish_parse("3", &w, &e), 0);
	assert_int_equal(w.count, 3);
	assert_int_equal(cpu_wish_parse("3,", &w, &e), 0); /* a list of one, not a number */
	assert_int_equal(w.count, 0);
	assert_true(cpuset_has(&w.these, 3));
	assert_int_equal(cpuset_count(&w.these), 1);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		memset(&e, 0, sizeof(e));
		if (cpu_wish_parse(bad[i], &w, &e) != -EINVAL || !strstr(e.text, "--cpus"))
			fail_msg("\"%s\" was taken, or refused without naming the option", bad[i]);
	}
}

static void by_number(void **state)
{
	struct cpu_facts f = big();
	struct choice c = { .cpu = &f, .tuned = true };

	(void) state;
	/* Core 0 keeps house, and one of four on each node; one thread of each core, of one node while it has enough. */
	expect(&c, "1", "1");
	expect(&c, "3", "1-3");
	c.taken = set("2");
	expect(&c, "2", "1,3");
	expect(&c, "3", "5-7");
	c.taken = set("10"); /* the sibling of 2 */
	expect(&c, "2", "1,3");
	expect_refused(&c, "9", -EBUSY, "free are 5 of");
	c.pool = set("4-5,12-13");
	expect(&c, "2", "4-5");
	c.taken = set("4");
	expect_refused(&c, "2", -EBUSY, "free are 1 of those set apart for runs (CPUs 4-5,12-13)");
	cpu_facts_free(&f);
}

/* Packets come in on the second node: CPUs there, as long as there are enough. */
static void near_a_device(void **state)
{
	struct cpu_facts f = big();
	struct choice c = { .cpu = &f, .tuned = true, .near = true, .node = 1 };

	(void) state;
	expect(&c, "2", "5-6");
	c.taken = set("5-6");
	expect(&c, "1", "7");
	expect(&c, "2", "1-2");
	c.taken = set("");
	expect(&c, "4", "1-3,5");
	expect(&c, "2-3", "2-3");
	cpu_facts_free(&f);
}

static void by_name(void **state)
{
	struct cpu_facts f = big();
	struct choice c = { .cpu = &f, .tuned = true, .taken = set("6") };

	(void) state;
	expect(&c, "2-3,11", "2-3,11");
	expect_refused(&c, "15-17", -EINVAL, "CPUs 16-17 are not online");
	expect_refused(&c, "5-7", -EBUSY, "CPUs 6 belong to other runs");
	c.taken = set("");
	expect_refused(&c, "0-15", -EINVAL, "all CPUs");
	c.tuned = false;
	expect(&c, "0-15", "0-15");
	cpu_facts_free(&f);
}

static void pools(void **state)
{
	struct cpu_facts f = big();
	struct cpuset cpus = set("2"), asked = set("5-6"), none = { 0 }, all = f.online;
	struct cpu_split split;
	struct err e = { 0 };
	char list[128];

	(void) state;
	assert_int_equal(choose_pool(&f, &cpus, &none, &split, &e), 0);
	assert_string_equal(cpuset_list(&split.isolated, list, sizeof(list)), "2,10"); /* the whole core */
	assert_int_equal(choose_pool(&f, &cpus, &asked, &split, &e), 0);
	assert_string_equal(cpuset_list(&split.isolated, list, sizeof(list)), "2,5-6,10,13-14");
	assert_string_equal(cpuset_list(&split.housekeeping, list, sizeof(list)), "0-1,3-4,7-9,11-12,15");
	assert_int_equal(choose_pool(&f, &cpus, &all, &split, &e), -EINVAL);
	cpu_facts_free(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wishes),
		cmocka_unit_test(by_number),
		cmocka_unit_test(near_a_device),
		cmocka_unit_test(by_name),
		cmocka_unit_test(pools),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
