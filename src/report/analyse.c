/* SPDX-License-Identifier: Apache-2.0 */
#include "report/analyse.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "base/vec.h"

/*
 * Runs are sorted by what they have in common, so that groups and arms are
 * stretches of one array.  A run's key is the index of its names in the
 * study's own order; names the study does not list come after, by appearance.
 */
struct names {
	VEC(const char *) list;
};

/* The key's members are the factors, in the order of their enum; all but the last, the tuning, make a group. */
enum { GROUP_KEYS = FACTOR_TUNING };

struct keyed {
	unsigned key[FACTORS];
	size_t order; /* as given: makes the sort stable */
	const struct run *run;
};

static unsigned name_index(struct names *names, const char *name)
{
	for (size_t i = 0; i < names->list.n; i++)
		if (text_eq(names->list.at[i], name))
			return (unsigned) i;
	*vec_add(&names->list) = name;
	return (unsigned) (names->list.n - 1);
}

static void names_add(struct names *names, const struct factors *f, enum factor which)
{
	for (size_t i = 0; i < f->n[which]; i++)
		name_index(names, f->at[which][i]);
}

static int by_key(const void *a, const void *b)
{
	const struct keyed *x = a, *y = b;

	for (size_t i = 0; i < FACTORS; i++)
		if (x->key[i] != y->key[i])
			return x->key[i] < y->key[i] ? -1 : 1;
	if (x->run->again != y->run->again)
		return x->run->again ? 1 : -1;
	if (x->run->block != y->run->block)
		return x->run->block < y->run->block ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

static struct keyed *sort_runs(const struct run *runs, size_t n, const struct factors *f, struct names names[FACTORS])
{
	struct keyed *keyed = xalloc(n + 1, sizeof(*keyed));

	for (size_t k = 0; k < FACTORS; k++)
		names_add(&names[k], f, (enum factor) k);
	for (size_t i = 0; i < n; i++) {
		const char *of[FACTORS] = { runs[i].sut,          runs[i].interference, runs[i].workload, runs[i].datapath,
					    runs[i].guest_kernel, runs[i].pages,        runs[i].tuning };

		keyed[i] = (struct keyed){ .order = i, .run = &runs[i] };
		for (size_t k = 0; k < FACTORS; k++)
			keyed[i].key[k] = name_index(&names[k], of[k]);
	}
	qsort(keyed, n, sizeof(*keyed), by_key);
	return keyed;
}

static bool same_group(const struct keyed *a, const struct keyed *b)
{
	return memcmp(a->key, b->key, GROUP_KEYS * sizeof(a->key[0])) == 0;
}

static bool same_arm(const struct keyed *a, const struct keyed *b)
{
	return same_group(a, b) && a->key[FACTOR_TUNING] == b->key[FACTOR_TUNING] && a->run->again == b->run->again;
}

static void count_runs(struct arm *arm)
{
	arm->worst = NAN;
	for (size_t i = 0; i < arm->n_runs; i++) {
		const struct run *r = &arm->runs[i];
		double max = r->state == RUN_OK ? r->value[METRIC_MAX_NS] : NAN;

		arm->n_ok += r->state == RUN_OK;
		arm->n_failed += r->state == RUN_FAILED;
		arm->n_missing += r->state == RUN_MISSING;
		arm->n_disturbed += r->state == RUN_OK && r->disturbed;
		if (isfinite(max) && !(arm->worst >= max))
			arm->worst = max;
	}
}

static void median_of_runs(struct arm *arm, enum metric m, double *scratch)
{
	size_t n = 0;

	for (size_t i = 0; i < arm->n_runs; i++)
		if (arm->runs[i].state == RUN_OK && isfinite(arm->runs[i].value[m]))
			scratch[n++] = arm->runs[i].value[m];
	arm->median[m] = n > 0 ? median_interval(scratch, n) : INTERVAL_NONE;
}

static int fill_arm(struct arm *arm, const struct run *runs, size_t n, unsigned look, struct err *err)
{
	AUTO_FREE double *scratch = NULL;

	if (n > MOST_BLOCKS)
		return err_set(err, -E2BIG, "%zu runs of %s %s at tuning %s: a report takes at most %d a combination", n,
			       runs->sut, runs->workload, runs->tuning, MOST_BLOCKS);
	*arm = (struct arm){ .tuning = runs->tuning, .look = look, .again = runs->again, .runs = runs, .n_runs = n };
	count_runs(arm);
	scratch = xalloc(n, sizeof(*scratch));
	for (int m = 0; m < METRIC_N; m++)
		median_of_runs(arm, (enum metric) m, scratch);
	return 0;
}

/* Sorted, a group's arms stand by tuning level, and each level's A/A arm right behind it. */
static int fill_group(struct group *g, const struct keyed *keyed, const struct run *runs, size_t n, struct err *err)
{
	size_t n_arms = 0, at = 0;

	*g = (struct group){
		.sut = runs->sut,
		.datapath = runs->datapath,
		.guest_kernel = runs->guest_kernel,
		.pages = runs->pages,
		.interference = runs->interference,
		.workload = runs->workload,
	};
	for (size_t i = 0; i < n; i++)
		n_arms += i == 0 || !same_arm(&keyed[i - 1], &keyed[i]);
	g->arms = xalloc(n_arms, sizeof(*g->arms));
	while (at < n) {
		size_t end = at + 1;
		int r;

		while (end < n && same_arm(&keyed[at], &keyed[end]))
			end++;
		r = fill_arm(&g->arms[g->n_arms], &runs[at], end - at, keyed[at].key[FACTOR_TUNING], err);
		if (r < 0)
			return r;
		g->n_arms++;
		at = end;
	}
	return 0;
}

static bool has_value(const struct group *g, bool stream)
{
	for (size_t i = 0; i < g->n_arms; i++)
		for (int m = 0; m < METRIC_N; m++)
			if (metric_row((enum metric) m)->stream == stream && isfinite(g->arms[i].median[m].est))
				return true;
	return false;
}

static void name_arms(struct group *g)
{
	g->stream = has_value(g, true) || (!has_value(g, false) && workload_is_stream(g->workload));
	for (size_t i = 0; i < g->n_arms; i++) {
		if (g->arms[i].look == 0 && !g->arms[i].again && !g->base)
			g->base = &g->arms[i];
		if (g->arms[i].again && !g->again)
			g->again = &g->arms[i];
	}
}

static int make_groups(struct analysis *a, const struct keyed *keyed, struct err *err)
{
	size_t n = 0, at = 0;

	for (size_t i = 0; i < a->n_runs; i++)
		n += i == 0 || !same_group(&keyed[i - 1], &keyed[i]);
	a->groups = xalloc(n + 1, sizeof(*a->groups));
	while (at < a->n_runs) {
		struct group *g = &a->groups[a->n_groups++];
		size_t end = at + 1;
		int r;

		while (end < a->n_runs && same_group(&keyed[at], &keyed[end]))
			end++;
		r = fill_group(g, &keyed[at], &a->runs[at], end - at, err);
		if (r < 0)
			return r;
		name_arms(g);
		at = end;
	}
	return 0;
}

static void count_all(struct analysis *a)
{
	for (size_t g = 0; g < a->n_groups; g++) {
		for (size_t i = 0; i < a->groups[g].n_arms; i++) {
			const struct arm *arm = &a->groups[g].arms[i];

			a->n_ok += arm->n_ok;
			a->n_failed += arm->n_failed;
			a->n_missing += arm->n_missing;
			a->n_disturbed += arm->n_disturbed;
		}
	}
}

int analyse(struct analysis **ret, const struct run *runs, size_t n_runs, const struct factors *factors, size_t blocks,
	    struct err *err)
{
	struct names names[FACTORS] = { 0 };
	struct keyed *keyed = sort_runs(runs, n_runs, factors, names);
	struct analysis *a = xalloc(1, sizeof(*a));
	int r;

	a->runs = xalloc(n_runs + 1, sizeof(*a->runs));
	a->n_runs = n_runs;
	a->blocks = blocks;
	a->few = blocks < ENOUGH_BLOCKS;
	a->baseline = names[FACTOR_TUNING].list.n > 0 ? names[FACTOR_TUNING].list.at[0] : "";
	for (size_t i = 0; i < n_runs; i++)
		a->runs[i] = *keyed[i].run;
	r = make_groups(a, keyed, err);
	for (size_t k = 0; k < FACTORS; k++)
		vec_free(&names[k].list);
	free(keyed);
	if (r < 0) {
		analysis_free(a);
		return r;
	}
	count_all(a);
	analyse_changes(a);
	*ret = a;
	return 0;
}

void analysis_free(struct analysis *a)
{
	if (!a)
		return;
	for (size_t i = 0; i < a->n_groups; i++) {
		free(a->groups[i].arms);
		free(a->groups[i].contrasts);
	}
	free(a->groups);
	free(a->runs);
	free(a);
}
