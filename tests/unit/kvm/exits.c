/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "kvm/exits.h"
#include "kvm/probe.h"

#define LONG (60 * NS_PER_S)

static void row_fill(struct exits_shared *s, enum price p, uint64_t ticks)
{
	s->rows[p].n = price_rows[p].samples;
	for (unsigned i = 0; i < price_rows[p].samples; i++)
		s->rows[p].ticks[i] = ticks;
}

static void the_verdict_is_the_ratio_of_an_exit_to_a_turn(void **state)
{
	struct exits_shared *s = calloc(1, sizeof(*s));
	struct err err = { 0 };

	(void) state;
	s->tsc_khz = 1000000;   /* a tick is a nanosecond */
	assert_int_equal(exits_verdict(s, &err), -ENODATA);
	err_set(&s->rows[PRICE_LOOP].why, -EIO, "triple fault");
	assert_int_equal(exits_verdict(s, &err), -EIO);
	assert_string_equal(err.text, "triple fault");
	row_fill(s, PRICE_LOOP, 1000 * 1);
	row_fill(s, PRICE_CPUID, 1200);
	assert_int_equal(exits_verdict(s, NULL), 0);
	/* Emulated: a turn costs as much as an exit.  Slow as such is no reason. */
	row_fill(s, PRICE_LOOP, 1000 * 1450);
	row_fill(s, PRICE_CPUID, 8693);
	assert_int_equal(exits_verdict(s, &err), -ENOTSUP);
	assert_non_null(strstr(err.text, "1450 ns"));
	row_fill(s, PRICE_CPUID, 100000);
	assert_int_equal(exits_verdict(s, NULL), 0);
	free(s);
}

static void ticks_become_nanoseconds(void **state)
{
	struct exits_shared *s = calloc(1, sizeof(*s));

	(void) state;
	s->tsc_khz = 2000000;
	assert_true(exits_ns(s, PRICE_CPUID, 3000) == 1500);
	assert_true(exits_ns(s, PRICE_LOOP, 2000) == 1);
	/* A timer a little early is not a timer late by five hundred years. */
	assert_true(exits_ns(s, PRICE_TIMER, (uint64_t) -5) == 0);
	free(s);
}

static bool at_once(void *ctx)
{
	++*(int *) ctx;
	return true;
}

static void nobody_is_left(void)
{
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

/* Whatever this machine has: an answer, a reason, no child, within the time. */
static void the_probe_answers(void **state)
{
	struct kvm_probe probe;
	uint64_t began = clock_ns();

	(void) state;
	assert_int_equal(kvm_probe(LONG, NULL, NULL, &probe, NULL), 0);
	assert_true(clock_ns() - began < 2 * LONG);
	assert_true(strlen(probe.why) > 20);
	assert_true((probe.verdict == KVM_USABLE) == (probe.cpuid_ns > 0));
	printf("KVM here: %s\n", probe.why);
	nobody_is_left();
}

/* 16 halts of a millisecond each are never over at once; where halting hangs they are never over at all. */
static void a_round_ends_at_its_deadline_and_by_a_stop(void **state)
{
	struct exits_opts opts = { .prices = 1u << PRICE_HALT };
	struct exits *x = NULL;
	struct err err = { 0 };
	int asked = 0;

	(void) state;
	if (exits_open(&x, &opts, clock_ns() + LONG, &err) < 0) {
		printf("skipped: %s\n", err.text);
		return;
	}
	assert_int_equal(exits_round(x, clock_ns() + NS_PER_MS, &err), -ETIME);
	assert_non_null(strstr(err.text, "does not come back"));
	exits_close(x);
	nobody_is_left();
	opts.ending = at_once;
	opts.ctx = &asked;
	x = NULL;
	assert_int_equal(exits_open(&x, &opts, clock_ns() + LONG, &err), -EINTR);
	assert_null(x);
	assert_int_equal(asked, 1);
	nobody_is_left();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_verdict_is_the_ratio_of_an_exit_to_a_turn),
		cmocka_unit_test(ticks_become_nanoseconds),
		cmocka_unit_test(the_probe_answers),
		cmocka_unit_test(a_round_ends_at_its_deadline_and_by_a_stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
