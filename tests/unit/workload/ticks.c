/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/clock.h"
#include "workload/ticks.h"

static void the_clock_never_runs_backwards(void **state)
{
	struct ticks t;
	uint64_t last;

	(void) state;
	ticks_init(&t, "tsc");  /* TSC wherever the CPU allows */
	last = ticks_now(&t);
	for (int i = 0; i < 1000000; i++) {
		uint64_t now = ticks_now(&t);

		if (now < last)
			fail_msg("%llu after %llu", (unsigned long long) now, (unsigned long long) last);
		last = now;
	}
	assert_true(t.cost_ns > 0);
	assert_true(t.why[0]);
}

/* It is CLOCK_MONOTONIC, read another way: a stamp lies between two readings, give or take the calibration. */
static void it_is_near_clock_monotonic(void **state)
{
	struct ticks t;

	(void) state;
	ticks_init(&t, "tsc");
	ticks_refine(&t);
	for (int i = 0; i < 1000; i++) {
		uint64_t before = clock_ns(), now = ticks_now(&t), after = clock_ns();

		assert_true(now + NS_PER_MS >= before && now <= after + NS_PER_MS);
	}
}

static void another_clocksource_is_the_reason(void **state)
{
	struct ticks t;

	(void) state;
	ticks_init(&t, "kvm-clock");
	assert_string_equal(ticks_source(&t), "clock_gettime");
	assert_true(strstr(t.why, "kvm-clock") || strstr(t.why, "TSC"));
	ticks_init(&t, "");
	assert_string_equal(ticks_source(&t), "clock_gettime");
	assert_true(ticks_drift_ppm(&t) == 0);
}

static void sleep_lasts_until_its_time(void **state)
{
	struct ticks t;
	uint64_t until;

	(void) state;
	ticks_init(&t, "tsc");
	until = ticks_now(&t) + 2 * NS_PER_MS;
	assert_int_equal(ticks_sleep_until(&t, until), 0);
	assert_true(ticks_now(&t) + 10 * NS_PER_US >= until);
	assert_int_equal(ticks_sleep_until(&t, until), 0);      /* past: at once */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_clock_never_runs_backwards),
		cmocka_unit_test(it_is_near_clock_monotonic),
		cmocka_unit_test(another_clocksource_is_the_reason),
		cmocka_unit_test(sleep_lasts_until_its_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
