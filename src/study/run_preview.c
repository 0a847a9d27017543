/* SPDX-License-Identifier: Apache-2.0 */
/* vlat study --plan: everything a study would do, said and not done. */
#include "base/text.h"
#include "study/run_parts.h"

/* A SUT that is not there would be left out: the plan says so beforehand. */
static void put_systems(struct sink *out, const struct study_run *r)
{
	const struct study_spec *s = r->spec;
	struct err err = { 0 };

	sink_put(out, "  systems     ");
	for (unsigned i = 0; i < s->n_suts; i++)
		sink_printf(out, "%s%s", i ? ", " : "", sut_kind_name(s->suts[i]));
	sink_put(out, "\n");
	for (unsigned i = 0; i < s->n_suts; i++)
		if (sut_available(s->suts[i], &r->wish.sut, study_run_needs_peer(s), &err) < 0)
			sink_printf(out, "              %s cannot be had as things are: %s\n              (%s)\n",
				    sut_kind_name(s->suts[i]), err.text, sut_cure(s->suts[i]));
}

static void put_levels(struct sink *out, const struct study_run *r)
{
	const struct study_spec *s = r->spec;

	put_systems(out, r);
	sink_put(out, "  tunings     ");
	for (unsigned i = 0; i < s->n_tunings; i++)
		sink_printf(out, "%s%s", i ? ", " : "", s->tunings[i].name);
	sink_put(out, "\n  host        ");
	for (unsigned i = 0; i < s->n_loads; i++)
		sink_printf(out, "%s%s", i ? ", " : "", s->loads[i].name);
	sink_put(out, "\n  workloads   ");
	for (unsigned i = 0; i < s->n_workloads; i++)
		sink_printf(out, "%s%s%s", i ? ", " : "", s->workloads[i].name,
			    s->workloads[i].aa ? " (twice in stock: A/A)" : "");
	sink_put(out, "\n");
}

/* The order of the first block; the others are shuffled anew. */
static void put_order(struct sink *out, const struct study_run *r)
{
	const struct study_spec *s = r->spec;
	unsigned group = 0;

	sink_put(out, "\nBlock 1 runs in this order, a line for each start:\n");
	for (size_t i = 0; i < r->order.n && r->order.at[i].block == 1; i++) {
		const struct matrix_cell *c = &r->order.at[i];

		if (c->group != group)
			sink_printf(out, "%s  %-10s %-8s %-6s%-4s", group ? "\n" : "", sut_kind_name(s->suts[c->sut]),
				    s->tunings[c->tuning].name, s->loads[c->interference].name, c->aa ? " A/A" : "");
		group = c->group;
		sink_printf(out, " %s", s->workloads[c->workload].name);
	}
	sink_put(out, "\n");
}

static int put_tunings(struct sink *out, const struct study_run *r, const struct tuning_host *host, struct err *err)
{
	for (unsigned i = 0; i < r->spec->n_tunings; i++) {
		const struct tuning_level *level = &r->spec->tunings[i];
		json_t *plan = NULL;
		int rc;

		sink_printf(out, "\nTuning %s%s\n", level->name, level->kind == TUNING_STOCK ? " changes nothing." : ":");
		for (size_t k = 0; level->kind == TUNING_COMMANDS && level->apply[k]; k++)
			sink_printf(out, "%s%s", k ? " " : "  apply   ", level->apply[k]);
		for (size_t k = 0; level->kind == TUNING_COMMANDS && level->revert[k]; k++)
			sink_printf(out, "%s%s", k ? " " : "\n  revert  ", level->revert[k]);
		sink_put(out, level->kind == TUNING_COMMANDS ? "\n" : "");
		rc = tuning_preview(level, host, &plan, out, err);
		json_decref(plan);
		if (rc < 0)
			return rc;
	}
	return 0;
}

int study_run_preview(struct study_run *r, struct sink *out, struct err *err)
{
	struct tuning_host host = { 0 };
	struct progress p = { 0 };
	char length[32];
	int rc = tuning_host_read(&host, err);

	if (rc < 0)
		return rc;
	progress_make(&p, r->spec, &r->order);
	sink_printf(out, "Study %s: %s\n\n", r->spec->name, r->spec->title);
	put_levels(out, r);
	sink_printf(out, "  blocks      %u%s\n  cells       %zu in %zu starts, about %s\n  order       --seed %llu\n",
		    r->spec->blocks, r->spec->quick ? ", too few to conclude (--quick)" : "", r->order.n, r->order.groups,
		    text_seconds(length, sizeof(length), progress_left_s(&p)), (unsigned long long) r->wish.seed);
	put_order(out, r);
	rc = put_tunings(out, r, &host, err);
	progress_free(&p);
	tuning_host_free(&host);
	return rc;
}
