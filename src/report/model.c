/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a record to the model.  study.json says which runs were planned; each is
 * then measured, failed or missing.  A cell that contradicts the order is an
 * error: better no report than one of mixed-up runs.
 */
#include "report/model.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/jsonx.h"
#include "base/text.h"
#include "record/record.h"
#include "report/gather.h"

struct making {
	struct report *r;
	VEC(struct run) runs;
	VEC(const char *) names[FACTORS]; /* by enum factor */
};

static const char *const factor_names[] = {
	[FACTOR_SUT] = "sut",           [FACTOR_INTERFERENCE] = "interference", [FACTOR_WORKLOAD] = "workload",
	[FACTOR_DATAPATH] = "datapath", [FACTOR_GUEST_KERNEL] = "guest_kernel", [FACTOR_PAGES] = "pages",
	[FACTOR_TUNING] = "tuning",
};

/* Format 1 had the first workload's alone; where they differ there is no one length. */
static void read_lengths(struct report *r, const json_t *study)
{
	const json_t *list = json_object_get(json_object_get(study, "levels"), "workloads"), *one;
	size_t i;

	json_array_foreach (list, i, one) {
		double duration = gather_number(one, "duration_s"), warmup = gather_number(one, "warmup_s");

		r->duration_s = i == 0 || fabs(duration - r->duration_s) < 1e-6 ? duration : NAN;
		r->warmup_s = i == 0 || fabs(warmup - r->warmup_s) < 1e-6 ? warmup : NAN;
		if (!isfinite(r->duration_s))
			break;
	}
}

static int read_header(struct report *r, const json_t *study, struct err *err)
{
	uint64_t blocks = 0;
	int rc = jx_str(study, "study", &r->study, err);

	r->title = r->created = r->version = "";
	r->duration_s = r->warmup_s = NAN;
	if (rc == 0)
		rc = jx_u64(study, "blocks", &blocks, err);
	if (rc == 0)
		rc = jx_u64(study, "seed", &r->seed, err);
	if (rc == 0)
		rc = jx_opt_bool(study, "quick", &r->quick, err);
	if (rc == 0)
		rc = jx_opt_str(study, "title", &r->title, err);
	if (rc == 0)
		rc = jx_opt_str(study, "created", &r->created, err);
	if (rc == 0)
		rc = jx_opt_str(study, "vlat", &r->version, err);
	if (rc == 0)
		rc = jx_opt_double(study, "duration_s", &r->duration_s, err);
	if (rc == 0)
		rc = jx_opt_double(study, "warmup_s", &r->warmup_s, err);
	if (rc == 0 && (blocks < 1 || blocks > MOST_BLOCKS))
		rc = err_set(err, -ERANGE, "blocks is %llu; a study has 1 to %d", (unsigned long long) blocks, MOST_BLOCKS);
	r->blocks = (size_t) blocks;
	read_lengths(r, study);
	return rc;
}

static int read_factors(struct making *m, const json_t *study, struct err *err)
{
	json_t *factors = NULL;
	int rc = jx_obj(study, "factors", &factors, err);

	for (size_t f = 0; rc == 0 && f < ARRAY_SIZE(factor_names); f++) {
		json_t *levels = NULL, *level;
		size_t i;

		rc = f >= FACTOR_DATAPATH && f <= FACTOR_PAGES ? jx_opt_array(factors, factor_names[f], &levels, err)
							       : jx_array(factors, factor_names[f], &levels, err);
		json_array_foreach (levels, i, level) {
			if (!json_is_string(level))
				return err_set(err, -EINVAL, "factors: %s: each level must be a text", factor_names[f]);
			*vec_add(&m->names[f]) = json_string_value(level);
		}
	}
	return rc;
}

static int by_id(const void *key, const void *cell)
{
	unsigned id = *(const unsigned *) key, other = ((const struct record_cell *) cell)->id;

	return id < other ? -1 : id > other;
}

static void put_values(struct run *run, const struct record_cell *c)
{
	run->value[METRIC_P50_NS] = c->response.p50_ns;
	run->value[METRIC_STDDEV_NS] = c->response.stddev_ns;
	run->value[METRIC_P99_NS] = c->response.p99_ns;
	run->value[METRIC_P999_NS] = c->response.p999_ns;
	run->value[METRIC_MAX_NS] = c->response.max_ns;
	run->value[METRIC_MEDIAN_BPS] = c->throughput.p50_bps;
	run->value[METRIC_STDDEV_BPS] = c->throughput.stddev_bps;
}

/* What the cell's file says about the run that was planned. */
static int put_cell(struct making *m, struct run *run, const struct record_cell *c, struct err *err)
{
	struct histogram *h = NULL;
	int rc;

	if (!text_eq(run->sut, c->sut) || !text_eq(run->workload, c->workload) || !text_eq(run->tuning, c->tuning) ||
	    !text_eq(run->interference, c->interference) || run->block != c->block || run->again != text_eq(c->arm, "aa") ||
	    (*run->datapath && !text_eq(run->datapath, c->datapath)) ||
	    (*run->guest_kernel && !text_eq(run->guest_kernel, c->guest_kernel)) ||
	    (*run->pages && !text_eq(run->pages, c->pages)))
		return err_set(
			err, -EINVAL,
			"cell %u is %s %s of block %u, but study.json has %s %s of block %u there: the folder mixes two studies",
			c->id, c->sut, c->workload, c->block, run->sut, run->workload, run->block);
	run->cell = c;
	run->state = c->error_code ? RUN_FAILED : RUN_OK;
	run->disturbed = c->disturbed;
	run->why = c->error_code ? c->error_text : c->disturbed_why;
	if (run->state == RUN_FAILED)
		return 0;
	put_values(run, c);
	rc = record_cell_histogram(c, false, &h, err);
	if (rc == -ENOENT)
		return 0;
	if (rc < 0)
		return rc;
	*vec_add(&m->r->times) = h;
	run->times = h;
	return 0;
}

static int read_place(struct run *run, const json_t *place, struct err *err)
{
	const struct {
		const char *member, **to;
	} rows[] = {
		{ .member = "sut", .to = &run->sut },
		{ .member = "interference", .to = &run->interference },
		{ .member = "tuning", .to = &run->tuning },
		{ .member = "workload", .to = &run->workload },
	};
	const char *arm = "main";
	uint64_t id = 0, block = 0;
	int rc = jx_u64(place, "id", &id, err);

	if (rc == 0)
		rc = jx_u64(place, "block", &block, err);
	for (size_t i = 0; rc == 0 && i < ARRAY_SIZE(rows); i++)
		rc = jx_str(place, rows[i].member, rows[i].to, err);
	run->datapath = run->guest_kernel = run->pages = "";
	if (rc == 0)
		rc = jx_opt_str(place, "datapath", &run->datapath, err);
	if (rc == 0)
		rc = jx_opt_str(place, "guest_kernel", &run->guest_kernel, err);
	if (rc == 0)
		rc = jx_opt_str(place, "pages", &run->pages, err);
	if (rc == 0)
		rc = jx_opt_str(place, "arm", &arm, err);
	if (rc == 0 && (id < 1 || id > RECORD_MOST_CELLS || block < 1 || block > MOST_BLOCKS))
		rc = err_set(err, -ERANGE, "id %llu, block %llu: out of range", (unsigned long long) id,
			     (unsigned long long) block);
	run->id = (unsigned) id;
	run->block = (unsigned) block;
	run->again = text_eq(arm, "aa");
	return rc;
}

static int read_order(struct making *m, struct err *err)
{
	const struct record *rec = m->r->record;
	json_t *order = NULL, *place;
	size_t i, n_found = 0;
	int rc = jx_array(rec->study, "cells", &order, err);

	if (rc == 0 && json_array_size(order) > RECORD_MOST_CELLS)
		rc = err_set(err, -E2BIG, "cells: %zu of them, at most %d", json_array_size(order), RECORD_MOST_CELLS);
	if (rc < 0)
		return rc;
	json_array_foreach (order, i, place) {
		struct run *run = vec_add(&m->runs);
		const struct record_cell *c;

		for (int k = 0; k < METRIC_N; k++)
			run->value[k] = NAN;
		run->state = RUN_MISSING;
		run->why = "";
		rc = read_place(run, place, err);
		if (rc < 0)
			return err_in(err, "cells[%zu]", i);
		c = rec->n_cells ? bsearch(&run->id, rec->cells, rec->n_cells, sizeof(*rec->cells), by_id) : NULL;
		n_found += c != NULL;
		rc = c ? put_cell(m, run, c, err) : 0;
		if (rc < 0)
			return rc;
	}
	if (n_found != rec->n_cells)
		return err_set(err, -EINVAL, "%zu cells lie in the folder, but study.json has only %zu of them in its order",
			       rec->n_cells, n_found);
	return 0;
}

static void read_unavailable(struct report *r)
{
	json_t *list = json_object_get(r->record->study, "unavailable"), *one;
	size_t i;

	json_array_foreach (list, i, one) {
		struct unavailable *u = vec_add(&r->unavailable);

		*u = (struct unavailable){ .sut = gather_text(one, "sut"),
					   .datapath = gather_text(one, "datapath"),
					   .guest_kernel = gather_text(one, "guest_kernel"),
					   .pages = gather_text(one, "pages"),
					   .why = gather_text(one, "why"),
					   .cure = gather_text(one, "cure") };
		(void) text_print(u->what, sizeof(u->what), "%s%s%s%s%s%s%s", sut_title(u->sut), *u->datapath ? " over " : "",
				  u->datapath, *u->guest_kernel ? " with guest kernel " : "", u->guest_kernel,
				  *u->pages ? " with pages " : "", u->pages);
	}
}

static int analyse_all(struct making *m, struct err *err)
{
	struct report *r = m->r;
	struct factors f;
	int rc;

	for (size_t i = 0; i < ARRAY_SIZE(factor_names); i++) {
		f.at[i] = m->names[i].at;
		f.n[i] = m->names[i].n;
	}
	rc = analyse(&r->analysis, m->runs.at, m->runs.n, &f, r->blocks, err);
	if (rc < 0)
		return rc;
	r->answers = answers_make(r->analysis, &r->n_answers);
	gather_levels(r, m->names[FACTOR_TUNING].at, m->names[FACTOR_TUNING].n);
	gather_platforms(r);
	gather_host(r, json_object_get(r->record->study, "host"));
	read_unavailable(r);
	return 0;
}

int report_make(struct report **ret, struct record *record, struct err *err)
{
	struct making m = { .r = xalloc(1, sizeof(*m.r)) };
	int rc;

	m.r->record = record;
	m.r->dir = record->dir ? record->dir : "";
	rc = read_header(m.r, record->study, err);
	if (rc == 0)
		rc = read_factors(&m, record->study, err);
	if (rc == 0)
		rc = read_order(&m, err);
	if (rc == 0)
		rc = analyse_all(&m, err);
	vec_free(&m.runs);
	for (size_t i = 0; i < ARRAY_SIZE(factor_names); i++)
		vec_free(&m.names[i]);
	if (rc < 0) {
		report_free(m.r);
		return err_in(err, "study.json");
	}
	*ret = m.r;
	return 0;
}

void report_free(struct report *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < r->times.n; i++)
		free(r->times.at[i]);
	for (size_t i = 0; i < r->levels.n; i++) {
		vec_free(&r->levels.at[i].steps);
		free(r->levels.at[i].command);
	}
	for (size_t i = 0; i < r->host.n; i++) {
		free(r->host.at[i].name);
		free(r->host.at[i].value);
	}
	vec_free(&r->times);
	vec_free(&r->platforms);
	vec_free(&r->levels);
	vec_free(&r->unavailable);
	vec_free(&r->host);
	free(r->answers);
	analysis_free(r->analysis);
	record_free(r->record);
	free(r);
}

const struct platform *report_platform(const struct report *r, const char *sut)
{
	for (size_t i = 0; i < r->platforms.n; i++)
		if (text_eq(r->platforms.at[i].sut, sut))
			return &r->platforms.at[i];
	return NULL;
}

const char *report_qualifier(const struct report *r, const char *sut)
{
	const struct platform *p = report_platform(r, sut);

	return p && p->translated ? "QEMU TCG, binary translation" : "";
}
