/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/clock.h"
#include "workload/flow.h"

#define MS NS_PER_MS

static void bytes_land_in_their_slice(void **state)
{
	struct flow f;

	(void) state;
	assert_int_equal(flow_init(&f, 0.5, 0.2, NULL), 0);
	assert_int_equal(f.cap, 5);
	assert_true(flow_add(&f, 1000 * MS, 111));      /* warm-up from here */
	assert_true(flow_add(&f, 1199 * MS, 111));
	assert_true(flow_add(&f, 1200 * MS, 10));
	assert_true(flow_add(&f, 1299 * MS, 20));
	assert_true(flow_add(&f, 1300 * MS, 40));
	assert_true(flow_add(&f, 1650 * MS, 50));       /* 1400 .. 1600: nothing */
	assert_false(flow_add(&f, 1700 * MS, 99));
	assert_false(flow_add(&f, 1701 * MS, 99));
	assert_int_equal(f.n, 5);
	assert_int_equal(f.bytes[0], 30);
	assert_int_equal(f.bytes[1], 40);
	assert_int_equal(f.bytes[2], 0);
	assert_int_equal(f.bytes[3], 0);
	assert_int_equal(f.bytes[4], 50);
	assert_true(flow_bps(&f) == 120 * 8 / 0.5);
	flow_clear(&f);
	assert_true(f.n == 0 && f.bytes[0] == 0 && flow_bps(&f) == 0);
	assert_true(flow_add(&f, 5000 * MS, 1));
	flow_free(&f);
}

static void a_slice_that_is_not_over_does_not_count(void **state)
{
	struct flow f;

	(void) state;
	assert_int_equal(flow_init(&f, 0.5, 0, NULL), 0);
	flow_add(&f, 10 * MS, 1000);
	flow_add(&f, 115 * MS, 5000);
	assert_int_equal(f.n, 1);
	assert_true(flow_bps(&f) == 1000 * 8 / 0.1);
	flow_free(&f);
}

static void durations_of_every_length_fit(void **state)
{
	struct flow f;

	(void) state;
	assert_int_equal(flow_init(&f, 0.03, 0, NULL), 0);
	assert_true(f.cap == 1 && f.slice_ns == 30 * MS);
	flow_free(&f);
	assert_int_equal(flow_init(&f, 2.0, 0, NULL), 0);
	assert_true(f.cap == 20 && f.slice_ns == 100 * MS);
	flow_free(&f);
	assert_int_equal(flow_init(&f, 0.7, 0, NULL), 0);       /* 0.7 * 10 is less than 7 in doubles */
	assert_int_equal(f.cap, 7);
	flow_free(&f);
	assert_int_equal(flow_init(&f, 86400, 0, NULL), 0);
	assert_true(f.cap <= FLOW_SLICES && (double) f.cap * (double) f.slice_ns > 86390e9);
	flow_free(&f);
}

static void the_receiver_can_tell_the_sender(void **state)
{
	unsigned char packed[8 + 8 * 5];
	struct flow f, g;

	(void) state;
	assert_int_equal(flow_init(&f, 0.5, 0, NULL), 0);
	assert_int_equal(flow_init(&g, 0.5, 0, NULL), 0);
	for (uint64_t i = 0; i < 4; i++)
		flow_add(&f, (10 + 100 * i) * MS, 0x0102030405ull * (i + 1));
	assert_int_equal(f.n, 3);
	assert_int_equal(flow_packed_size(&f), 8 + 8 * 3);
	flow_pack(&f, packed);
	assert_int_equal(packed[7], 3);
	assert_int_equal(packed[8 + 3], 1);
	assert_true(flow_unpack_count(&g, packed));
	memcpy(g.bytes, packed + 8, 8 * 3);
	flow_unpack(&g, g.bytes);
	assert_memory_equal(f.bytes, g.bytes, 3 * 8);
	memset(packed, 0xff, 8);
	assert_false(flow_unpack_count(&g, packed));
	packed[7] = 6;
	memset(packed, 0, 7);
	assert_false(flow_unpack_count(&g, packed));    /* more than were asked for */
	flow_free(&f);
	flow_free(&g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_land_in_their_slice),
		cmocka_unit_test(a_slice_that_is_not_over_does_not_count),
		cmocka_unit_test(durations_of_every_length_fit),
		cmocka_unit_test(the_receiver_can_tell_the_sender),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
