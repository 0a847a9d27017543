/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "workload/schedule.h"

/* The definition: start + floor(i * 10^12 / rate_milli). */
static uint64_t intended(uint64_t start, uint64_t i, uint64_t rate_milli)
{
	return start + (uint64_t) ((unsigned __int128) i * 1000000000000u / rate_milli);
}

static void check_rate(double rate, uint64_t rate_milli, uint64_t n)
{
	struct schedule s;

	schedule_begin_rate(&s, 12345, rate);
	for (uint64_t i = 0; i < n; i++)
		if (schedule_take(&s) != intended(12345, i, rate_milli))
			fail_msg("rate %g: start %llu is not where it should be", rate, (unsigned long long) i);
}

static void every_start_is_exact_however_late(void **state)
{
	(void) state;
	check_rate(1000, 1000000, 100000);
	check_rate(3, 3000, 100000);
	check_rate(999.999, 999999, 3000000);
	check_rate(333333.333, 333333333, 3000000);
	check_rate(1e6, 1000000000, 1000000);
	check_rate(1, 1000, 100);
	check_rate(7.0001, 7000, 1000);         /* resolved to 1/1000 */
}

static void a_second_holds_as_many_starts_as_the_rate_says(void **state)
{
	struct schedule s;
	uint64_t n = 0;

	(void) state;
	schedule_begin_rate(&s, 0, 7919);
	while (s.at < 1000u * 1000000000ull) {
		schedule_take(&s);
		n++;
	}
	assert_int_equal(n, 7919000);
}

static void an_interval_is_kept(void **state)
{
	struct schedule s;

	(void) state;
	schedule_begin_interval(&s, 5, 1000);
	for (uint64_t i = 0; i < 1000; i++)
		assert_int_equal(schedule_take(&s), 5 + i * 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_start_is_exact_however_late),
		cmocka_unit_test(a_second_holds_as_many_starts_as_the_rate_says),
		cmocka_unit_test(an_interval_is_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
