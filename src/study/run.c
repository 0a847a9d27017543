/* SPDX-License-Identifier: Apache-2.0 */
#include "study/run.h"

#include <errno.h>

#include "base/cleanup.h"
#include "base/jsonx.h"
#include "base/stop.h"
#include "base/text.h"
#include "record/record.h"
#include "study/leftovers.h"
#include "study/machine_lock.h"
#include "study/run_parts.h"

void runner_tell(const struct runner *w, const char *doing, const struct matrix_cell *c, const char *text)
{
	const struct study_spec *spec = w->run->spec;
	char system[128] = "";
	struct run_view state = {
		.doing = doing,
		.system = c ? spec_system_text(spec, &spec->systems[c->system], system, sizeof(system)) : "",
		.tuning = c ? spec->tunings[c->tuning].name : "",
		.interference = c ? spec->loads[c->interference].name : "",
		.workload = c ? spec->workloads[c->workload].name : "",
		.block = c ? c->block : 0,
		.blocks = spec->blocks,
		.cell = w->progress.n_done,
		.cells = w->progress.n,
		.failed = w->summary.failed,
		.left_s = progress_left_s(&w->progress),
		.text = text,
	};

	if (w->watch && w->watch->tell)
		w->watch->tell(w->watch->arg, &state);
}

/* Written after the SUTs were asked, before the first cell: from here on the folder can be resumed. */
static int begin_folder(struct runner *w, struct err *err)
{
	AUTO_JSON json_t *study = NULL;
	int r;

	if (w->run->resumed) {
		record_tidy(w->run->dir);       /* half-written files of the vlat that died; ours alone, by the machine's lock */
		return 0;
	}
	r = study_run_json(w->run, &w->host, &study, err);
	return r < 0 ? r : record_study_write(w->run->dir, study, err);
}

static void find_finished(struct runner *w)
{
	const struct matrix *order = &w->run->order;

	progress_make(&w->progress, w->run->spec, order);
	for (size_t i = 0; i < order->n; i++)
		if (record_cell_exists(w->run->dir, order->at[i].id))
			progress_found(&w->progress, i);
}

static int open_all(struct runner *w, struct err *err)
{
	int r = machine_lock(&w->lock, err);

	if (r == 0)
		r = leftovers_clear(err);
	if (r == 0)
		r = tuning_host_read(&w->host, err);
	if (r == 0)
		r = journal_open(&w->journal, "study", err);
	if (r == 0)
		r = sut_kit_open(&w->kit, &w->run->wish.sut, w->journal, err);
	if (r < 0)
		return r;
	runner_tell(w, "preparing", NULL, "");
	r = runner_prepare_systems(w, err);
	return r < 0 ? r : begin_folder(w, err);
}

static int close_all(struct runner *w, struct err *err)
{
	int r = 0;

	sut_kit_close(w->kit);
	if (w->journal)
		r = journal_close(w->journal, err);
	tuning_host_free(&w->host);
	if (w->lock >= 0)
		close(w->lock);
	return r < 0 ? err_set(err, -EUCLEAN, "%.400s; try 'vlat revert'", err->text) : 0;
}

static void sum_up(const struct runner *w, struct run_summary *ret)
{
	*ret = w->summary;
	ret->cells = w->progress.n;
	ret->missing = w->progress.n - w->progress.n_done;
	ret->unavailable = w->run->missing.n;
}

int study_run_go(struct study_run *r, const struct run_watch *watch, struct run_summary *ret, struct err *err)
{
	struct runner w = { .run = r, .watch = watch, .host.fs.root = -1, .lock = -1 };
	struct err undo = { 0 };
	int rc = open_all(&w, err), undone;

	if (rc == 0) {
		find_finished(&w);
		rc = runner_groups(&w, err);
	}
	undone = close_all(&w, &undo);
	sum_up(&w, ret);
	progress_free(&w.progress);
	if (undone < 0) { /* worse than whatever came before */
		*err = undo;
		return undone;
	}
	return rc;
}
