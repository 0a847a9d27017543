/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "study/matrix.h"

static const bool aa[] = { false, true, false };
static const struct matrix_spec welch = {
	.systems = 3, .tunings = 2, .interferences = 1, .workloads = 3, .blocks = 10, .aa = aa, .seed = 7,
};

static void every_block_holds_every_combination_once(void **state)
{
	struct matrix m;

	(void) state;
	assert_int_equal(matrix_size(&welch), 10 * (3 * 2 * 3 + 3));
	matrix_make(&m, &welch);
	assert_int_equal(m.n, matrix_size(&welch));
	for (unsigned block = 1; block <= welch.blocks; block++) {
		unsigned seen[3][2][3] = { 0 }, again[3] = { 0 };

		for (size_t i = 0; i < m.n; i++) {
			const struct matrix_cell *c = &m.at[i];

			assert_int_equal(c->id, i + 1);
			if (c->block != block)
				continue;
			if (c->aa) {
				assert_int_equal(c->tuning, 0);
				assert_int_equal(c->workload, 1);
				again[c->system]++;
			} else {
				seen[c->system][c->tuning][c->workload]++;
			}
		}
		for (unsigned s = 0; s < 3; s++) {
			assert_int_equal(again[s], 1);
			for (unsigned k = 0; k < 6; k++)
				assert_int_equal(seen[s][k / 3][k % 3], 1);
		}
	}
	matrix_free(&m);
}

static void groups_share_all_but_the_workload(void **state)
{
	struct matrix m;

	(void) state;
	matrix_make(&m, &welch);
	for (size_t i = 1; i < m.n; i++) {
		const struct matrix_cell *a = &m.at[i - 1], *b = &m.at[i];

		assert_true(b->group == a->group || b->group == a->group + 1);
		if (a->group != b->group)
			continue;
		assert_int_equal(a->system, b->system);
		assert_int_equal(a->tuning, b->tuning);
		assert_int_equal(a->interference, b->interference);
		assert_int_equal(a->block, b->block);
		assert_int_equal(a->aa, b->aa);
	}
	assert_int_equal(m.at[m.n - 1].group, m.groups);
	matrix_free(&m);
}

static bool same_cell(const struct matrix_cell *a, const struct matrix_cell *b)
{
	return a->id == b->id && a->block == b->block && a->group == b->group && a->system == b->system && a->tuning == b->tuning &&
	       a->interference == b->interference && a->workload == b->workload && a->aa == b->aa;
}

static bool same_order(uint64_t seed_a, uint64_t seed_b)
{
	struct matrix_spec a = welch, b = welch;
	struct matrix x, y;
	bool same = true;

	a.seed = seed_a;
	b.seed = seed_b;
	matrix_make(&x, &a);
	matrix_make(&y, &b);
	assert_int_equal(x.n, y.n);
	for (size_t i = 0; i < x.n; i++)
		same = same && same_cell(&x.at[i], &y.at[i]);
	matrix_free(&x);
	matrix_free(&y);
	return same;
}

static void the_seed_decides_the_order(void **state)
{
	(void) state;
	assert_true(same_order(7, 7));
	assert_false(same_order(7, 8));
}

/* Over many blocks every combination must come first about equally often: chi-squared, 5 degrees, far tail. */
static void no_arm_is_favoured(void **state)
{
	struct matrix_spec spec = welch;
	unsigned first[6] = { 0 }, last_block = 0;
	double chi2 = 0;
	struct matrix m;

	(void) state;
	spec.blocks = 3000;
	spec.aa = NULL;
	matrix_make(&m, &spec);
	for (size_t i = 0; i < m.n; i++) {
		if (m.at[i].block != last_block)
			first[m.at[i].system * 2 + m.at[i].tuning]++;
		last_block = m.at[i].block;
	}
	for (unsigned k = 0; k < 6; k++)
		chi2 += ((double) first[k] - 500) * ((double) first[k] - 500) / 500;
	assert_true(chi2 < 20.5);       /* p = 0.001; the seed is fixed */
	matrix_free(&m);
}

/* Only the first datapath of each SUT, say, has a second arm. */
static void only_the_named_systems_have_an_aa_arm(void **state)
{
	static const bool named[] = { false, true, false, true };
	struct matrix_spec spec = welch;
	struct matrix m;
	unsigned again[4][2] = { 0 };

	(void) state;
	spec.systems = 4;
	spec.interferences = 2;
	spec.aa_systems = named;
	assert_int_equal(matrix_size(&spec), 10 * (4 * 2 * 2 * 3 + 2 * 2));
	matrix_make(&m, &spec);
	assert_int_equal(m.n, matrix_size(&spec));
	for (size_t i = 0; i < m.n; i++)
		again[m.at[i].system][m.at[i].interference] += m.at[i].aa;
	for (unsigned s = 0; s < 4; s++)
		for (unsigned l = 0; l < 2; l++)
			assert_int_equal(again[s][l], named[s] ? 10 : 0);
	matrix_free(&m);
}

static void absurd_shapes_have_no_cells(void **state)
{
	struct matrix_spec none = welch, huge = welch, wrap = welch;

	(void) state;
	none.systems = 0;
	huge.blocks = MATRIX_MOST;
	wrap.systems = wrap.tunings = wrap.interferences = wrap.workloads = wrap.blocks = UINT32_MAX;
	assert_int_equal(matrix_size(&none), 0);
	assert_int_equal(matrix_size(&huge), 0);
	assert_int_equal(matrix_size(&wrap), 0);
}

/* Published first values of xoshiro256** from the state 1, 2, 3, 4, and of splitmix64 from 0. */
static void the_generator_is_the_published_one(void **state)
{
	static const uint64_t wanted[] = { 11520, 0, 1509978240, 1215971899390074240 };
	struct order_rng g = { .s = { 1, 2, 3, 4 } };

	(void) state;
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
		assert_true(order_rng_below(&g, 1ull << 63) == wanted[i]);
	order_rng_seed(&g, 0);
	assert_true(g.s[0] == 0xe220a8397b1dcdaf && g.s[1] == 0x6e789e6aa1b965f4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_block_holds_every_combination_once),
		cmocka_unit_test(groups_share_all_but_the_workload),
		cmocka_unit_test(the_seed_decides_the_order),
		cmocka_unit_test(no_arm_is_favoured),
		cmocka_unit_test(only_the_named_systems_have_an_aa_arm),
		cmocka_unit_test(absurd_shapes_have_no_cells),
		cmocka_unit_test(the_generator_is_the_published_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
