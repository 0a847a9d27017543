/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Group by group, cell by cell.  A failure is a result: it is written as a cell
 * with its reason and the study goes on, in a fresh launch if the SUT or the
 * load did not survive.  Three things end the walk: Ctrl-C, a cell that cannot
 * be written, and a tuning that cannot be taken back, since everything after
 * it would be measured on a machine that is not what its label says.
 */
#include <errno.h>

#include "base/clock.h"
#include "base/stop.h"
#include "base/text.h"
#include "record/record.h"
#include "study/cell.h"
#include "study/run_parts.h"

/* Cells [first, end) of the order share a launch. */
struct group {
	size_t first, end;
	struct launch *launch; /* NULL = not up */
};

static const struct matrix_cell *cell_at(const struct runner *w, size_t i)
{
	return &w->run->order.at[i];
}

static struct group group_from(const struct runner *w, size_t first)
{
	struct group g = { .first = first, .end = first };

	while (g.end < w->run->order.n && cell_at(w, g.end)->group == cell_at(w, first)->group)
		g.end++;
	return g;
}

/* The next cell of the group that has no file; g->end = none. */
static size_t next_missing(const struct runner *w, const struct group *g, size_t from)
{
	while (from < g->end && w->progress.done[from])
		from++;
	return from;
}

static struct launch_spec group_spec(const struct runner *w, const struct group *g)
{
	const struct study_spec *spec = w->run->spec;
	const struct matrix_cell *c = cell_at(w, g->first);
	struct launch_spec launch = {
		.sut = { .system = spec->systems[c->system],
			 .peer_policy = spec->peer_policy,
			 .vcpus = spec->vm_vcpus,
			 .memory_mb = spec->vm_memory_mb },
		.tuning = &spec->tunings[c->tuning],
		.interference = spec->loads[c->interference].argv,
	};

	for (size_t i = g->first; i < g->end; i++)
		if (spec->workloads[cell_at(w, i)->workload].job.workload->peer)
			launch.sut.peer = true;
	return launch;
}

static struct cell_label label_of(const struct runner *w, const struct matrix_cell *c)
{
	const struct study_spec *spec = w->run->spec;

	return (struct cell_label){
		.id = c->id,
		.block = c->block,
		.group = c->group,
		.system = &spec->systems[c->system],
		.tuning = spec->tunings[c->tuning].name,
		.interference = spec->loads[c->interference].name,
		.workload = spec->workloads[c->workload].name,
		.arm = c->aa ? "aa" : "main",
		.duration_s = spec->workloads[c->workload].job.duration_s,
		.started_wall_ns = clock_wall_ns(),
	};
}

static int write_cell(struct runner *w, size_t i, const json_t *cell, uint64_t began_ns, struct err *err)
{
	const struct matrix_cell *c = cell_at(w, i);

	if (record_cell_write(w->run->dir, c->id, cell, err) < 0)
		return err_in(err, "cell %u was measured but cannot be written", c->id);
	progress_ran(&w->progress, i, (double) (clock_ns() - began_ns) / (double) NS_PER_S);
	return 0;
}

static int write_failure(struct runner *w, size_t i, const struct err *why, uint64_t began_ns, struct err *err)
{
	struct cell_label label = label_of(w, cell_at(w, i));
	json_t *cell = cell_failed(&label, why);
	int r = write_cell(w, i, cell, began_ns, err);

	json_decref(cell);
	if (r < 0)
		return r;
	w->summary.failed++;
	runner_tell(w, "failed", cell_at(w, i), why->text);
	return 0;
}

/* One cell in a launch that is up; why is set when it failed. */
static int measure_cell(struct runner *w, const struct group *g, size_t i, json_t **ret, struct err *why)
{
	const struct matrix_cell *c = cell_at(w, i);
	struct cell_label label = label_of(w, c);
	struct job job = w->run->spec->workloads[c->workload].job;
	struct launch_result got = { 0 };
	int r;

	(void) text_print(job.id, sizeof(job.id), "%04u", c->id);
	r = launch_measure(g->launch, &job, NULL, &got, why);
	if (r < 0)
		return r;
	r = cell_make(&label, &got, &w->host, ret, why);
	launch_result_free(&got);
	return r;
}

/* Ctrl-C: from whichever place it was noticed in. */
static bool is_stop(int r)
{
	return r == -EINTR || stop_wanted();
}

/* A group that cannot be started: all of its missing cells failed for this reason. */
static int fail_rest(struct runner *w, const struct group *g, const struct err *why, uint64_t began_ns, struct err *err)
{
	int r = 0;

	for (size_t i = next_missing(w, g, g->first); r == 0 && i < g->end; i = next_missing(w, g, i + 1))
		r = write_failure(w, i, why, began_ns, err);
	return r;
}

static int group_up(struct runner *w, struct group *g, struct err *err)
{
	struct launch_spec spec = group_spec(w, g);

	runner_tell(w, "starting", cell_at(w, next_missing(w, g, g->first)), "");
	return launch_up(&g->launch, &spec, w->kit, &w->host, w->journal, err);
}

static int group_down(struct group *g, bool quick, struct err *err)
{
	int r = launch_down(g->launch, quick, err);

	g->launch = NULL;
	return r < 0 ? err_set(err, -EUCLEAN,
			       "the tuning could not be taken back, so no further number would be what it says: %.380s",
			       err->text)
		     : 0;
}

/* Measure and write one cell; a launch that did not survive it is taken down. */
static int one_cell(struct runner *w, struct group *g, size_t i, uint64_t began_ns, struct err *err)
{
	struct err why = { 0 };
	json_t *cell = NULL;
	int r;

	runner_tell(w, "measuring", cell_at(w, i), "");
	r = measure_cell(w, g, i, &cell, &why);
	if (r < 0 && is_stop(r))
		return err_set(err, -EINTR, "interrupted");
	r = cell ? write_cell(w, i, cell, began_ns, err) : write_failure(w, i, &why, began_ns, err);
	json_decref(cell);
	if (r == 0)
		w->summary.measured += why.code == 0;
	if (r == 0 && !launch_usable(g->launch))
		r = group_down(g, true, err);
	return r;
}

static int walk_group(struct runner *w, struct group *g, struct err *err)
{
	uint64_t began_ns = clock_ns();
	struct err why = { 0 };
	int r = 0;

	for (size_t i = next_missing(w, g, g->first); r == 0 && i < g->end; i = next_missing(w, g, i)) {
		if (stop_wanted())
			return err_set(err, -EINTR, "interrupted");
		r = g->launch ? 0 : group_up(w, g, &why);
		if (r < 0 && is_stop(r))
			return err_set(err, -EINTR, "interrupted");
		if (r < 0)
			return fail_rest(w, g, &why, began_ns, err);
		r = one_cell(w, g, i, began_ns, err);
		began_ns = clock_ns();
	}
	return r;
}

int runner_groups(struct runner *w, struct err *err)
{
	struct err down = { 0 };
	int r = 0, undone;

	for (size_t i = 0; r == 0 && i < w->run->order.n;) {
		struct group g = group_from(w, i);

		i = g.end;
		if (missing_holds(&w->run->gone, &w->run->spec->systems[cell_at(w, g.first)->system]))
			continue;
		r = walk_group(w, &g, err);
		undone = group_down(&g, r < 0, &down);
		if (undone < 0) {
			*err = down;
			r = undone;
		}
	}
	return r;
}
