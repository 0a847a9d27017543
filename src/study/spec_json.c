/* SPDX-License-Identifier: Apache-2.0 */
/* What study.json keeps of a study file: enough to run it again and to know what each level's name meant. */
#include "base/cleanup.h"
#include "base/text.h"
#include "study/spec.h"
#include "sut/sut.h"
#include "workload/workload.h"

static json_t *argv_json(const char *const *argv)
{
	json_t *a = argv ? json_array() : json_null();

	for (; argv && *argv; argv++)
		json_array_append_new(a, json_string(*argv));
	return a;
}

static bool holds(const json_t *array, const char *text)
{
	const json_t *one;
	size_t i;

	json_array_foreach (array, i, one)
		if (text_eq(json_string_value(one), text))
			return true;
	return false;
}

/* What the systems have of one factor, each level once. */
static json_t *system_levels(const struct study_spec *s, enum spec_factor f)
{
	json_t *levels = json_array();

	for (unsigned i = 0; i < s->n_systems; i++) {
		const char *level = spec_level(&s->systems[i], f);

		if (*level && !holds(levels, level))
			json_array_append_new(levels, json_string(level));
	}
	return levels;
}

static json_t *factors(const struct study_spec *s)
{
	json_t *all = json_object(), *tunings = json_array(), *loads = json_array(), *workloads = json_array();

	for (enum spec_factor f = SPEC_SUT; f < SPEC_FACTORS; f++)
		json_object_set_new(all, spec_factor_name(f), system_levels(s, f));
	for (unsigned i = 0; i < s->n_tunings; i++)
		json_array_append_new(tunings, json_string(s->tunings[i].name));
	for (unsigned i = 0; i < s->n_loads; i++)
		json_array_append_new(loads, json_string(s->loads[i].name));
	for (unsigned i = 0; i < s->n_workloads; i++)
		json_array_append_new(workloads, json_string(s->workloads[i].name));
	json_object_set_new(all, "tuning", tunings);
	json_object_set_new(all, "interference", loads);
	json_object_set_new(all, "workload", workloads);
	return all;
}

json_t *spec_system_json(const struct sut_system *system)
{
	json_t *j = json_object();

	for (enum spec_factor f = SPEC_SUT; f < SPEC_FACTORS; f++)
		if (*spec_level(system, f))
			json_object_set_new(j, spec_factor_name(f), json_string(spec_level(system, f)));
	return j;
}

static json_t *aa_pairs(const struct study_spec *s)
{
	json_t *pairs = json_array();
	AUTO_FREE bool *aa = NULL;
	struct matrix_spec shape;

	spec_matrix(s, 0, &shape, &aa);
	for (unsigned u = 0; u < s->n_systems; u++)
		for (unsigned l = 0; shape.aa_systems[u] && l < s->n_loads; l++)
			for (unsigned w = 0; w < s->n_workloads; w++) {
				json_t *pair = aa[w] ? spec_system_json(&s->systems[u]) : NULL;

				if (!pair)
					continue;
				json_object_set_new(pair, "workload", json_string(s->workloads[w].name));
				json_object_set_new(pair, "tuning", json_string(s->tunings[0].name));
				json_object_set_new(pair, "interference", json_string(s->loads[l].name));
				json_array_append_new(pairs, pair);
			}
	return pairs;
}

static json_t *workload_json(const struct spec_workload *w)
{
	const struct job *job = &w->job;
	json_t *j = json_pack("{s:s, s:s, s:f, s:f}", "name", w->name, "workload", job->workload->name, "duration_s",
			      job->duration_s, "warmup_s", job->warmup_s);

	if (job->workload->rate)
		json_object_set_new(j, "rate", json_real(job->rate));
	if (job->workload->sizes) {
		json_object_set_new(j, "request_bytes", json_integer(job->request_bytes));
		json_object_set_new(j, "response_bytes", json_integer(job->response_bytes));
	}
	if (job->workload->direction)
		json_object_set_new(j, "direction", json_string(direction_name(job->direction)));
	if (job->workload->memory)
		json_object_update_new(j, json_pack("{s:I, s:s, s:b}", "set_kb", (json_int_t) job->set_kb, "set_pages",
						    pages_name(job->pages), "ladder", (int) job->ladder));
	if (job->workload->interval)
		json_object_set_new(j, "interval_us", json_integer(job->interval_us));
	if (job->workload->timeout)
		json_object_set_new(j, "timeout_ms", json_integer(job->timeout_ms));
	return j;
}

static json_t *levels(const struct study_spec *s)
{
	json_t *workloads = json_array(), *loads = json_object(), *commands = json_object(), *datapaths = json_array();

	for (unsigned i = 0; i < s->n_systems; i++)
		if (s->systems[i].datapath && !holds(datapaths, s->systems[i].datapath))
			json_array_append_new(datapaths, json_string(s->systems[i].datapath));
	for (unsigned i = 0; i < s->n_workloads; i++)
		json_array_append_new(workloads, workload_json(&s->workloads[i]));
	for (unsigned i = 0; i < s->n_loads; i++)
		json_object_set_new(loads, s->loads[i].name, argv_json(s->loads[i].argv));
	for (unsigned i = 0; i < s->n_tunings; i++)
		if (s->tunings[i].kind == TUNING_COMMANDS)
			json_object_set_new(commands, s->tunings[i].name,
					    json_pack("{s:o, s:o}", "apply", argv_json(s->tunings[i].apply), "revert",
						      argv_json(s->tunings[i].revert)));
	return json_pack("{s:o, s:o, s:o, s:o}", "workloads", workloads, "interference", loads, "commands", commands, "datapaths",
			 datapaths);
}

json_t *spec_json(const struct study_spec *s)
{
	return json_pack("{s:s, s:s, s:i, s:b, s:s, s:{s:i, s:i}, s:o, s:o, s:o}", "study", s->name, "title", s->title, "blocks",
			 (int) s->blocks, "quick", (int) s->quick, "peer_policy", s->peer_policy == PEER_FIFO ? "fifo" : "other",
			 "vm", "vcpus", (int) (s->vm_vcpus ? s->vm_vcpus : SUT_VCPUS), "memory_mb",
			 (int) (s->vm_memory_mb ? s->vm_memory_mb : SUT_MEMORY_MB), "factors", factors(s), "aa", aa_pairs(s),
			 "levels", levels(s));
}
