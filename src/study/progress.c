/* SPDX-License-Identifier: Apache-2.0 */
#include "study/progress.h"

#include "base/cleanup.h"
#include "base/vec.h"

/*
 * Seconds on a machine with 2 CPUs and no KVM, loaded.  Rough is enough: they
 * only weigh the kinds of cells against each other until times are known.
 */
static const double launch_s[SUT_KINDS] = { [SUT_NATIVE] = 0.3, [SUT_CONTAINER] = 0.6, [SUT_VM] = 6 };
#define TUNING_S 0.5
#define LOAD_S   0.8
#define CELL_S   0.2

/* Before so much was run, the correction would be noise. */
#define TRUST_S 15.0

static double group_s(const struct study_spec *spec, const struct matrix_cell *c)
{
	double s = launch_s[spec->systems[c->system].kind];

	s += spec->tunings[c->tuning].kind != TUNING_STOCK ? TUNING_S : 0;
	return s + (spec->loads[c->interference].argv ? LOAD_S : 0);
}

void progress_make(struct progress *ret, const struct study_spec *spec, const struct matrix *order)
{
	struct progress p = { .n = order->n };

	p.cost_s = xalloc(order->n, sizeof(*p.cost_s));
	p.done = xalloc(order->n, sizeof(*p.done));
	for (size_t i = 0; i < order->n; i++) {
		const struct matrix_cell *c = &order->at[i];
		const struct job *job = &spec->workloads[c->workload].job;

		p.cost_s[i] = job->warmup_s + job->duration_s + CELL_S;
		if (i == 0 || order->at[i - 1].group != c->group)
			p.cost_s[i] += group_s(spec, c);
	}
	*ret = p;
}

void progress_free(struct progress *p)
{
	free(p->cost_s);
	free(p->done);
	*p = (struct progress){ 0 };
}

void progress_found(struct progress *p, size_t cell)
{
	p->n_done += !p->done[cell];
	p->done[cell] = true;
}

void progress_ran(struct progress *p, size_t cell, double took_s)
{
	progress_found(p, cell);
	p->spent_s += took_s;
	p->expected_s += p->cost_s[cell];
}

double progress_left_s(const struct progress *p)
{
	double left = 0;

	for (size_t i = 0; i < p->n; i++)
		left += p->done[i] ? 0 : p->cost_s[i];
	return p->expected_s < TRUST_S ? left : left * p->spent_s / p->expected_s;
}
