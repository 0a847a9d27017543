/* SPDX-License-Identifier: Apache-2.0 */
#include "study/matrix.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "base/vec.h"

static uint64_t rotl(uint64_t x, int k)
{
	return (x << k) | (x >> (64 - k));
}

static uint64_t splitmix64(uint64_t *x)
{
	uint64_t z = *x += 0x9e3779b97f4a7c15ull;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
	return z ^ (z >> 31);
}

void order_rng_seed(struct order_rng *g, uint64_t seed)
{
	for (size_t i = 0; i < ARRAY_SIZE(g->s); i++)
		g->s[i] = splitmix64(&seed);
}

static uint64_t next(struct order_rng *g)
{
	uint64_t *s = g->s, result = rotl(s[1] * 5, 7) * 9, t = s[1] << 17;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = rotl(s[3], 45);
	return result;
}

uint64_t order_rng_below(struct order_rng *g, uint64_t n)
{
	uint64_t reject = (0 - n) % n, x; /* 2^64 mod n values at the bottom would be counted once too often */

	do
		x = next(g);
	while (x < reject);
	return x % n;
}

/* Fisher-Yates over indices. */
static void shuffle(struct order_rng *g, unsigned *at, size_t n)
{
	for (size_t i = n; i > 1; i--) {
		size_t j = (size_t) order_rng_below(g, i);
		unsigned t = at[i - 1];

		at[i - 1] = at[j];
		at[j] = t;
	}
}

static size_t aa_workloads(const struct matrix_spec *spec)
{
	size_t n = 0;

	for (unsigned w = 0; spec->aa && w < spec->workloads; w++)
		n += spec->aa[w];
	return n;
}

static bool has_aa(const struct matrix_spec *spec, unsigned system)
{
	return !spec->aa_systems || spec->aa_systems[system];
}

static size_t aa_systems(const struct matrix_spec *spec)
{
	size_t n = 0;

	for (unsigned s = 0; s < spec->systems; s++)
		n += has_aa(spec, s);
	return n;
}

/* Launch groups of one block: the full ones, then the A/A ones. */
static size_t full_groups(const struct matrix_spec *spec)
{
	return (size_t) spec->systems * spec->tunings * spec->interferences;
}

static size_t all_groups(const struct matrix_spec *spec)
{
	return full_groups(spec) + (aa_workloads(spec) ? aa_systems(spec) * spec->interferences : 0);
}

size_t matrix_size(const struct matrix_spec *spec)
{
	unsigned most = spec->systems | spec->tunings | spec->interferences | spec->workloads | spec->blocks;
	size_t per_block;

	if (!spec->systems || !spec->tunings || !spec->interferences || !spec->workloads || !spec->blocks || most > MATRIX_MOST)
		return 0;
	if (full_groups(spec) > MATRIX_MOST)
		return 0;
	per_block = full_groups(spec) * spec->workloads + aa_workloads(spec) * aa_systems(spec) * spec->interferences;
	return per_block <= MATRIX_MOST / spec->blocks ? per_block * spec->blocks : 0;
}

/* What the cells of one launch have in common; which counts the groups of a block. */
static struct matrix_cell group_of(const struct matrix_spec *spec, unsigned which)
{
	bool aa = which >= full_groups(spec);
	unsigned k = aa ? which - (unsigned) full_groups(spec) : which / spec->tunings;
	struct matrix_cell c = { .aa = aa, .tuning = aa ? 0 : which % spec->tunings, .interference = k % spec->interferences };

	k /= spec->interferences;
	if (!aa)
		c.system = k;
	while (aa && (!has_aa(spec, c.system) || k-- > 0)) /* the k-th of those that have one */
		c.system++;
	return c;
}

static void add_group(struct matrix *m, const struct matrix_spec *spec, struct order_rng *g, unsigned block, unsigned which)
{
	AUTO_FREE unsigned *order = xalloc(spec->workloads, sizeof(*order));
	struct matrix_cell c = group_of(spec, which);

	c.block = block;
	c.group = (unsigned) ++m->groups;
	for (unsigned w = 0; w < spec->workloads; w++)
		order[w] = w;
	shuffle(g, order, spec->workloads);
	for (unsigned i = 0; i < spec->workloads; i++) {
		if (c.aa && !spec->aa[order[i]])
			continue;
		c.id = (unsigned) m->n + 1;
		c.workload = order[i];
		m->at[m->n++] = c;
	}
}

void matrix_make(struct matrix *ret, const struct matrix_spec *spec)
{
	size_t groups = all_groups(spec);
	AUTO_FREE unsigned *order = xalloc(groups, sizeof(*order));
	struct order_rng g;

	*ret = (struct matrix){ .at = xalloc(matrix_size(spec), sizeof(*ret->at)) };
	order_rng_seed(&g, spec->seed);
	for (unsigned block = 1; block <= spec->blocks; block++) {
		for (unsigned i = 0; i < groups; i++)
			order[i] = i;
		shuffle(&g, order, groups);
		for (size_t i = 0; i < groups; i++)
			add_group(ret, spec, &g, block, order[i]);
	}
}

void matrix_free(struct matrix *m)
{
	free(m->at);
	*m = (struct matrix){ 0 };
}
