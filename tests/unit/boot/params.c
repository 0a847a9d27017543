/* SPDX-License-Identifier: Apache-2.0 */
#include "boot/params.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"

static void appends(const char *line, const char *block, const char *want)
{
	struct sink out = { 0 }, back = { 0 };

	params_append(line, block, &out);
	assert_string_equal(out.text, want);
	assert_int_equal(params_strip(out.text, &back), 1);
	sink_free(&out);
	/* Appended to what was stripped, the same comes out again. */
	params_append(back.text, block, &out);
	assert_string_equal(out.text, want);
	sink_free(&out);
	sink_free(&back);
}

#define BLOCK "vlat.boot=r1 nohz_full=2-3 vlat.end"

static void test_append(void **state)
{
	(void) state;
	appends("", BLOCK, BLOCK);
	appends("ro quiet", BLOCK, "ro quiet " BLOCK);
	appends("ro quiet -- single", BLOCK, "ro quiet " BLOCK " -- single");
	appends("-- single", BLOCK, BLOCK " -- single");
	appends("dyndbg=\"file a.c +p; -- x\" ro", BLOCK, "dyndbg=\"file a.c +p; -- x\" ro " BLOCK);
	appends("ro vlat.boot=old isolcpus=1 vlat.end quiet", BLOCK, "ro quiet " BLOCK);
}

/* What was there comes back byte by byte. */
static void strips(const char *line)
{
	struct sink out = { 0 }, back = { 0 };

	params_append(line, BLOCK, &out);
	params_strip(out.text, &back);
	assert_string_equal(back.text, line);
	sink_free(&out);
	sink_free(&back);
}

static void strips_to(const char *line, const char *want)
{
	struct sink out = { 0 };

	params_strip(line, &out);
	assert_string_equal(out.text, want);
	sink_free(&out);
}

static void test_strip(void **state)
{
	(void) state;
	strips("");
	strips("root=UUID=1 ro  quiet");
	strips("  ro\tquiet  ");
	strips("ro -- 3");
	strips("-- 3");
	strips_to("a " BLOCK " b " BLOCK, "a b");
	strips_to("a vlat.boot=r1 b", "a b"); /* no end: only the mark is surely vlat's */
	strips_to("a vlat.boot=r1 b " BLOCK " c", "a b c");
	strips_to("a vlat.end b", "a vlat.end b");
	strips_to("x=\"vlat.boot=r1 vlat.end\"", "x=\"vlat.boot=r1 vlat.end\"");
}

static void test_find(void **state)
{
	char value[64];

	(void) state;
	assert_true(params_find("a=1 nohz_full=2 nohz_full=3", "nohz_full", value, sizeof(value)));
	assert_string_equal(value, "3");
	assert_true(params_find("rcu-nocbs=4", "rcu_nocbs", value, sizeof(value)));
	assert_true(params_find("ro quiet", "quiet", value, sizeof(value)));
	assert_string_equal(value, "");
	assert_true(params_find("a=\"b c\"", "a", value, sizeof(value)));
	assert_string_equal(value, "b c");
	assert_false(params_find("ro -- quiet", "quiet", value, sizeof(value)));
	assert_false(params_find("nohz_fullx=1 xnohz_full=2", "nohz_full", value, sizeof(value)));
}

static void test_ours(void **state)
{
	struct sink words = { 0 };
	char id[16];

	(void) state;
	assert_true(params_ours("ro " BLOCK " quiet", id, sizeof(id), &words));
	assert_string_equal(id, "r1");
	assert_string_equal(words.text, "nohz_full=2-3");
	sink_free(&words);
	assert_false(params_ours("ro quiet vlat.boot= vlat.end", id, sizeof(id), &words));
	sink_free(&words);
}

static void test_plain(void **state)
{
	(void) state;
	assert_true(params_plain("isolcpus=managed_irq,2-63:2/4 tsc=nowatchdog"));
	assert_false(params_plain("init=\"x\""));
	assert_false(params_plain("a=$b"));
	assert_false(params_plain("a\nb"));
	assert_false(params_plain("a;b"));
}

static void lists(const char *given, const char *want)
{
	struct cpuset set, again;
	char buf[8192];

	assert_int_equal(cpuset_parse_list(given, &set), 0);
	assert_string_equal(params_cpulist(&set, buf, sizeof(buf)), want);
	assert_int_equal(cpuset_parse_list(buf, &again), 0);
	assert_true(cpuset_equal(&set, &again));
}

static void test_cpulist(void **state)
{
	(void) state;
	lists("", "");
	lists("3", "3");
	lists("1,3", "1,3");
	lists("1,3,5,7", "1-7:1/2");
	lists("2-3,10-11,18-19,30", "2-19:2/8,30");
	lists("1-31,33-63", "1-31,33-63");
	lists("0-1,4-5,8-9,11", "0-9:2/4,11");
	lists("1-63:1/2,64-70", "1-61:1/2,63-70");
}

/* Any set comes back. */
static void test_cpulist_any(void **state)
{
	unsigned x = 12345;

	(void) state;
	for (int round = 0; round < 300; round++) {
		struct cpuset set = { 0 }, again;
		char buf[20000];

		for (unsigned c = 0; c < 96; c++) {
			x = x * 1103515245u + 12345u;
			if (x >> 28 < (unsigned) (round % 16))
				cpuset_add(&set, c);
		}
		assert_int_equal(cpuset_parse_list(params_cpulist(&set, buf, sizeof(buf)), &again), 0);
		assert_true(cpuset_equal(&set, &again));
	}
}

static void test_limit(void **state)
{
	(void) state;
	assert_int_equal(params_limit("x86_64"), 2047);
	assert_int_equal(params_limit("s390x"), 4095);
	assert_int_equal(params_limit("riscv64"), 1023);
	assert_int_equal(params_limit("pdp11"), 511);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_append),      cmocka_unit_test(test_strip), cmocka_unit_test(test_find),
		cmocka_unit_test(test_ours),        cmocka_unit_test(test_plain), cmocka_unit_test(test_cpulist),
		cmocka_unit_test(test_cpulist_any), cmocka_unit_test(test_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
