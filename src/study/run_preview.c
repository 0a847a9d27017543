/* SPDX-License-Identifier: Apache-2.0 */
/* vlat study --plan: everything a study would do, said and not done. */
#include <string.h>

#include "base/jsonx.h"
#include "base/text.h"
#include "study/run_parts.h"

static void put_factor(struct sink *out, const struct study_spec *s, enum spec_factor f, const char *title)
{
	AUTO_JSON json_t *spec = spec_json(s);
	const json_t *levels = json_object_get(json_object_get(spec, "factors"), spec_factor_name(f)), *one;
	size_t i;

	if (f != SPEC_SUT && !spec_varies(s, f))
		return;
	sink_printf(out, "  %-12s", title);
	json_array_foreach (levels, i, one)
		sink_printf(out, "%s%s", i ? ", " : "", json_string_value(one));
	sink_put(out, "\n");
}

/* A system that is not there would be left out: the plan does so too, and says it. */
static int find_missing(struct study_run *r, struct err *err)
{
	const struct study_spec *s = r->spec;
	missing_list found = { 0 };
	unsigned left = 0;
	enum sut_part part;

	for (unsigned i = 0; i < s->n_systems; i++) {
		struct err why = { 0 };

		if (!missing_holds(&found, &s->systems[i]) &&
		    sut_available(&s->systems[i], &r->wish.sut, study_run_needs_peer(s), &part, &why) < 0)
			missing_add(&found, &s->systems[i], part, why.text);
		left += !missing_holds(&found, &s->systems[i]);
	}
	for (size_t i = 0; i < found.n; i++)
		*vec_add(&r->missing) = found.at[i];
	vec_free(&found);
	return left ? study_run_arrange(r, err) : 0; /* without rights there is none: then as if they were had */
}

static void put_missing(struct sink *out, const struct study_run *r)
{
	char text[128];

	for (size_t i = 0; i < r->missing.n; i++) {
		const struct run_missing *m = &r->missing.at[i];

		sink_printf(out, "              %s cannot be had as things are: %s\n", missing_text(m, text, sizeof(text)),
			    m->why);
		if (*m->cure)
			sink_printf(out, "              (%s)\n", m->cure);
	}
}

static void put_systems(struct sink *out, const struct study_run *r)
{
	put_factor(out, r->spec, SPEC_SUT, "systems");
	put_factor(out, r->spec, SPEC_DATAPATH, "datapaths");
	put_factor(out, r->spec, SPEC_GUEST_KERNEL, "guests");
	put_factor(out, r->spec, SPEC_PAGES, "pages");
	put_missing(out, r);
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
		sink_printf(out, "%s%s%s%s%s", i ? ", " : "", s->workloads[i].name, s->workloads[i].aa ? " (twice at " : "",
			    s->workloads[i].aa ? s->tunings[0].name : "", s->workloads[i].aa ? ": A/A)" : "");
	sink_put(out, "\n");
}

/* Of the widest system's name, so that the columns behind it stand. */
static int system_width(const struct study_spec *s)
{
	size_t most = 10;
	char text[128];

	for (unsigned i = 0; i < s->n_systems; i++) {
		size_t n = strlen(spec_system_text(s, &s->systems[i], text, sizeof(text)));

		most = n > most ? n : most;
	}
	return (int) most;
}

/* The order of the first block; the others are shuffled anew. */
static void put_order(struct sink *out, const struct study_run *r)
{
	const struct study_spec *s = r->spec;
	int width = system_width(s);
	unsigned group = 0;
	char system[128];

	sink_put(out, "\nBlock 1 runs in this order, a line for each start:\n");
	for (size_t i = 0; i < r->order.n && r->order.at[i].block == 1; i++) {
		const struct matrix_cell *c = &r->order.at[i];

		if (c->group != group)
			sink_printf(out, "%s  %-*s %-8s %-6s%-4s", group ? "\n" : "", width,
				    spec_system_text(s, &s->systems[c->system], system, sizeof(system)),
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

	if (rc == 0)
		rc = find_missing(r, err);
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
