/* SPDX-License-Identifier: Apache-2.0 */
/* The JSON of two studies compared (docs/results.md); what is not known is null, never left out. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "report/versus_out.h"

static json_t *number(double v)
{
	return isfinite(v) ? json_real(v) : json_null();
}

static json_t *text_or_null(const char *text)
{
	json_t *j = *text ? json_string(text) : NULL;

	return j ? j : json_null();
}

static json_t *study_json(const struct report *r)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:I, s:I}", "dir", text_or_null(r->dir), "name", text_or_null(r->study), "created",
			 text_or_null(r->created), "vlat", text_or_null(r->version), "seed", (json_int_t) r->seed, "blocks",
			 (json_int_t) r->blocks);
}

static void add_difference(void *arg, const struct versus_differs *d)
{
	json_array_append_new(arg,
			      json_pack("{s:s, s:o, s:o}", "name", d->name, "a", text_or_null(d->a), "b", text_or_null(d->b)));
}

static void add_remark(void *arg, const char *text)
{
	json_array_append_new(arg, json_string(text));
}

static json_t *combination_json(const struct group *g, const struct arm *arm)
{
	return json_pack("{s:s, s:s, s:o, s:o, s:s, s:s, s:s}", "sut", g->sut, "datapath", g->datapath, "guest_kernel",
			 text_or_null(g->guest_kernel), "pages", text_or_null(g->pages), "interference", g->interference,
			 "workload", g->workload, "tuning", arm->tuning);
}

static json_t *change_json(const struct versus_row *r)
{
	const struct metric_row *m = metric_row(r->metric);
	const struct comparison *c = &r->cmp;
	json_t *j = combination_json(r->group, r->a);

	json_object_set_new(j, "statistic", json_string(m->id));
	json_object_set_new(j, "lower_is_better", json_boolean(m->lower_is_better));
	json_object_set_new(j, "runs_a", json_integer((json_int_t) r->a->n_ok));
	json_object_set_new(j, "runs_b", json_integer((json_int_t) r->b->n_ok));
	json_object_set_new(j, "a", number(r->before));
	json_object_set_new(j, "b", number(r->after));
	json_object_set_new(j, "ratio",
			    json_pack("{s:o, s:o, s:o}", "est", number(c->ratio.est), "low", number(c->ratio.lo), "high",
				      number(c->ratio.hi)));
	json_object_set_new(j, "change_percent", number((c->ratio.est - 1) * 100));
	json_object_set_new(j, "level", number(c->level));
	json_object_set_new(j, "p", number(c->p));
	json_object_set_new(j, "noise_ratio", c->floor > 1 ? number(c->floor) : json_null());
	json_object_set_new(j, "verdict", json_string(versus_verdict(r)));
	return j;
}

static json_t *lone_json(const struct versus *v, bool in_b)
{
	json_t *list = json_array();

	for (size_t i = 0; i < v->lone.n; i++)
		if (v->lone.at[i].in_b == in_b)
			json_array_append_new(list, combination_json(v->lone.at[i].group, v->lone.at[i].arm));
	return list;
}

int versus_json(const struct versus_view *v, struct sink *out, struct err *err)
{
	json_t *differs = json_array(), *changes = json_array(), *remarks = json_array(), *all;
	AUTO_FREE char *text = NULL;

	versus_differs(v, add_difference, differs);
	versus_remarks(v, add_remark, remarks);
	for (size_t i = 0; i < v->versus.rows.n; i++)
		json_array_append_new(changes, change_json(&v->versus.rows.at[i]));
	all = json_pack("{s:i, s:o, s:o, s:o, s:o, s:o, s:I, s:o, s:o}", "format", 1, "a", study_json(v->a), "b",
			study_json(v->b), "remarks", remarks, "differs", differs, "changes", changes, "by_chance",
			(json_int_t) v->versus.by_chance, "only_a", lone_json(&v->versus, false), "only_b",
			lone_json(&v->versus, true));
	text = json_dumps(all, JSON_INDENT(2) | JSON_REAL_PRECISION(9));
	json_decref(all);
	if (!text)
		return err_set(err, -ENOMEM, "cannot write the comparison as JSON: out of memory");
	sink_put(out, text);
	sink_char(out, '\n');
	return 0;
}
