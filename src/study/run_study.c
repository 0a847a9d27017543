/* SPDX-License-Identifier: Apache-2.0 */
/* A study as one thing: made from its file, or again from what its folder says. */
#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/jsonx.h"
#include "base/text.h"
#include "base/vec.h"
#include "record/record.h"
#include "study/run_parts.h"

/* Small enough to be typed again. */
static uint64_t choose_seed(void)
{
	uint32_t seed = 0;

	if (getrandom(&seed, sizeof(seed), 0) != sizeof(seed))
		seed = (uint32_t) time(NULL);
	return seed % 999999 + 1;
}

static struct study_run *run_alloc(const struct run_wish *wish, const char *what)
{
	struct study_run *r = xalloc(1, sizeof(*r));

	r->wish = *wish;
	r->what = xstrdup(what);
	return r;
}

static int parse_source(struct study_run *r, struct err *err)
{
	int rc = spec_parse(&r->spec, r->source, strlen(r->source), r->what, r->wish.quick, err);

	if (rc < 0)
		return rc;
	if (!r->wish.sut.device)
		r->wish.sut.device = r->spec->device;
	r->wish.sut.whole_kernel = spec_whole_kernel(r->spec);
	return 0;
}

int study_run_new(struct study_run **ret, const struct run_wish *wish, const char *yaml, size_t len, const char *what,
		  struct err *err)
{
	struct study_run *r = run_alloc(wish, what);
	int rc;

	r->source = xstrndup(yaml, len);
	if (!r->wish.seed)
		r->wish.seed = choose_seed();
	rc = strlen(r->source) == len ? parse_source(r, err) : err_set(err, -EINVAL, "%s holds a NUL byte: it is no text", what);
	if (rc == 0)
		rc = study_run_arrange(r, err);
	if (rc < 0) {
		study_run_free(r);
		return rc;
	}
	*ret = r;
	return 0;
}

void study_run_free(struct study_run *r)
{
	if (!r)
		return;
	matrix_free(&r->order);
	spec_free(r->spec);
	vec_free(&r->missing);
	vec_free(&r->gone);
	json_decref(r->study);
	free(r->source);
	free(r->what);
	free(r->dir);
	free(r);
}

const struct study_spec *study_run_spec(const struct study_run *r)
{
	return r->spec;
}

uint64_t study_run_seed(const struct study_run *r)
{
	return r->wish.seed;
}

const char *study_run_dir(const struct study_run *r)
{
	return r->dir;
}

bool study_run_needs_peer(const struct study_spec *spec)
{
	for (unsigned i = 0; i < spec->n_workloads; i++)
		if (spec->workloads[i].job.workload->peer)
			return true;
	return false;
}

int study_run_arrange(struct study_run *r, struct err *err)
{
	struct matrix_spec shape;
	AUTO_FREE bool *aa = NULL, *keep = xalloc(r->spec->n_systems + 1, sizeof(*keep));

	for (unsigned i = 0; i < r->spec->n_systems; i++)
		keep[i] = !missing_holds(&r->missing, &r->spec->systems[i]);
	spec_keep_systems(r->spec, keep);
	matrix_free(&r->order);
	spec_matrix(r->spec, r->wish.seed, &shape, &aa);
	if (matrix_size(&shape) == 0)
		return err_set(err, -EINVAL, "%s: the study has no cells, or more than %d", r->what, MATRIX_MOST);
	matrix_make(&r->order, &shape);
	return 0;
}

/* docs/results.md, `cells`: the whole order. */
json_t *study_run_order(const struct study_run *r)
{
	json_t *cells = json_array();

	for (size_t i = 0; i < r->order.n; i++) {
		const struct matrix_cell *c = &r->order.at[i];
		json_t *cell = json_pack("{s:i, s:i, s:i, s:s, s:s, s:s, s:s}", "id", (int) c->id, "block", (int) c->block,
					 "group", (int) c->group, "tuning", r->spec->tunings[c->tuning].name, "interference",
					 r->spec->loads[c->interference].name, "workload", r->spec->workloads[c->workload].name,
					 "arm", c->aa ? "aa" : "main");

		json_object_update_new(cell, spec_system_json(&r->spec->systems[c->system]));
		json_array_append_new(cells, cell);
	}
	return cells;
}

static json_t *words_json(const char *const *words)
{
	json_t *array = json_array();

	for (size_t i = 0; words && words[i]; i++)
		json_array_append_new(array, json_string(words[i]));
	return array;
}

/* What each level means here, before any of it is applied. */
static int tunings_json(const struct study_run *r, const struct tuning_host *host, json_t *into, struct err *err)
{
	for (unsigned i = 0; i < r->spec->n_tunings; i++) {
		const struct tuning_level *level = &r->spec->tunings[i];
		json_t *plan = NULL, *entry;
		int rc = tuning_preview(level, host, &plan, NULL, err);

		if (rc < 0)
			return rc;
		entry = json_pack("{s:o}", "plan", plan);
		if (level->kind == TUNING_COMMANDS) {
			json_object_set_new(entry, "apply", words_json(level->apply));
			json_object_set_new(entry, "revert", words_json(level->revert));
		}
		json_object_set_new(into, level->name, entry);
	}
	return 0;
}

int study_run_json(const struct study_run *r, const struct tuning_host *host, json_t **ret, struct err *err)
{
	AUTO_JSON json_t *study = json_pack("{s:i, s:s}", "format", RECORD_FORMAT, "vlat", VLAT_VERSION);
	json_t *tunings = json_object(), *numbers = spec_json(r->spec);
	time_t now = time(NULL);
	char stamp[32] = "";
	struct tm tm;

	if (gmtime_r(&now, &tm))
		strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%SZ", &tm);
	json_object_set_new(study, "created", json_string(stamp));
	json_object_update(study, numbers);
	json_decref(numbers);
	json_object_set_new(study, "seed", json_integer((json_int_t) r->wish.seed));
	json_object_set_new(study, "unavailable", missing_json(&r->missing));
	json_object_set_new(study, "device", r->wish.sut.device ? json_string(r->wish.sut.device) : json_null());
	json_object_set_new(study, "host", host_facts_json(&host->facts));
	json_object_set_new(study, "tunings", tunings);
	json_object_set_new(study, "source", json_string(r->source));
	json_object_set_new(study, "cells", study_run_order(r));
	if (tunings_json(r, host, tunings, err) < 0)
		return err->code;
	*ret = TAKE(study);
	return 0;
}

/* What the user named on the command line when the study began holds for its whole length. */
static int take_device(struct study_run *r, struct err *err)
{
	const char *device = NULL;
	int rc = jx_opt_str(r->study, "device", &device, err);

	if (device && !r->wish.sut.device)
		r->wish.sut.device = device;
	return rc;
}

static int take_study(struct study_run *r, struct err *err)
{
	const char *source = NULL;
	int rc = jx_str(r->study, "source", &source, err);

	if (rc == 0)
		rc = jx_u64(r->study, "seed", &r->wish.seed, err);
	if (rc == 0)
		rc = jx_bool(r->study, "quick", &r->wish.quick, err);
	if (rc == 0)
		rc = missing_take(&r->missing, r->study, err);
	if (rc == 0)
		rc = take_device(r, err);
	if (rc < 0)
		return rc;
	r->source = xstrdup(source);
	return parse_source(r, err);
}

/* All that the folder says of a cell is so; an older vlat said less. */
static bool same_cell(json_t *recorded, const json_t *planned)
{
	const char *member;
	json_t *value;

	json_object_foreach (recorded, member, value)
		if (!json_equal(value, json_object_get(planned, member)))
			return false;
	return json_object_size(recorded) > 0;
}

static bool same_cells(const json_t *recorded, const json_t *planned)
{
	json_t *cell;
	size_t i;

	json_array_foreach (recorded, i, cell)
		if (!same_cell(cell, json_array_get(planned, i)))
			return false;
	return json_array_size(recorded) == json_array_size(planned);
}

static int same_order(const struct study_run *r, struct err *err)
{
	AUTO_JSON json_t *order = study_run_order(r);
	const char *by = json_string_value(json_object_get(r->study, "vlat"));

	if (same_cells(json_object_get(r->study, "cells"), order))
		return 0;
	return err_set(err, -EINVAL,
		       "this vlat (" VLAT_VERSION ") would put the cells in another order than the one that began the "
		       "study (%s): go on with that one, or start anew",
		       by ? by : "?");
}

int study_run_resume(struct study_run **ret, const struct run_wish *wish, const char *dir, struct err *err)
{
	struct study_run *r = run_alloc(wish, dir);
	int rc = record_study_read(dir, &r->study, err);

	r->dir = xstrdup(dir);
	r->resumed = true;
	if (rc == 0)
		rc = take_study(r, err);
	if (rc == 0)
		rc = study_run_arrange(r, err);
	if (rc == 0)
		rc = same_order(r, err);
	if (rc < 0) {
		study_run_free(r);
		return err_in(err, "cannot go on with %s", dir);
	}
	*ret = r;
	return 0;
}
