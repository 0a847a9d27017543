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

static json_t *factors(const struct study_spec *s)
{
	json_t *suts = json_array(), *tunings = json_array(), *loads = json_array(), *workloads = json_array();

	for (unsigned i = 0; i < s->n_suts; i++)
		json_array_append_new(suts, json_string(sut_kind_name(s->suts[i])));
	for (unsigned i = 0; i < s->n_tunings; i++)
		json_array_append_new(tunings, json_string(s->tunings[i].name));
	for (unsigned i = 0; i < s->n_loads; i++)
		json_array_append_new(loads, json_string(s->loads[i].name));
	for (unsigned i = 0; i < s->n_workloads; i++)
		json_array_append_new(workloads, json_string(s->workloads[i].name));
	return json_pack("{s:o, s:o, s:o, s:o}", "sut", suts, "tuning", tunings, "interference", loads, "workload", workloads);
}

static json_t *aa_pairs(const struct study_spec *s)
{
	json_t *pairs = json_array();

	for (unsigned u = 0; u < s->n_suts; u++)
		for (unsigned l = 0; l < s->n_loads; l++)
			for (unsigned w = 0; w < s->n_workloads; w++)
				if (s->workloads[w].aa)
					json_array_append_new(pairs,
							      json_pack("{s:s, s:s, s:s, s:s}", "sut", sut_kind_name(s->suts[u]),
									"workload", s->workloads[w].name, "tuning",
									s->tunings[0].name, "interference", s->loads[l].name));
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
	if (job->workload->interval)
		json_object_set_new(j, "interval_us", json_integer(job->interval_us));
	return j;
}

static json_t *levels(const struct study_spec *s)
{
	json_t *workloads = json_array(), *loads = json_object(), *commands = json_object();

	for (unsigned i = 0; i < s->n_workloads; i++)
		json_array_append_new(workloads, workload_json(&s->workloads[i]));
	for (unsigned i = 0; i < s->n_loads; i++)
		json_object_set_new(loads, s->loads[i].name, argv_json(s->loads[i].argv));
	for (unsigned i = 0; i < s->n_tunings; i++)
		if (s->tunings[i].kind == TUNING_COMMANDS)
			json_object_set_new(commands, s->tunings[i].name,
					    json_pack("{s:o, s:o}", "apply", argv_json(s->tunings[i].apply), "revert",
						      argv_json(s->tunings[i].revert)));
	return json_pack("{s:o, s:o, s:o}", "workloads", workloads, "interference", loads, "commands", commands);
}

json_t *spec_json(const struct study_spec *s)
{
	return json_pack(
		"{s:s, s:s, s:i, s:b, s:f, s:f, s:s, s:{s:i, s:i}, s:o, s:o, s:o}", "study", s->name, "title", s->title, "blocks",
		(int) s->blocks, "quick", (int) s->quick, "duration_s", s->n_workloads ? s->workloads[0].job.duration_s : 0,
		"warmup_s", s->n_workloads ? s->workloads[0].job.warmup_s : 0, "peer_policy",
		s->peer_policy == PEER_FIFO ? "fifo" : "other", "vm", "vcpus", (int) (s->vm_vcpus ? s->vm_vcpus : SUT_VCPUS),
		"memory_mb", (int) (s->vm_memory_mb ? s->vm_memory_mb : SUT_MEMORY_MB), "factors", factors(s), "aa", aa_pairs(s),
		"levels", levels(s));
}
