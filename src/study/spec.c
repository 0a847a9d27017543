/* SPDX-License-Identifier: Apache-2.0 */
#include "study/spec.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/text.h"
#include "base/vec.h"
#include "study/interference.h"
#include "study/spec_yaml.h"
#include "workload/workload.h"

enum { MOST_BLOCKS = 1000, MOST_BYTES = 1 << 20, MOST_VCPUS = 64, LEAST_VM_MB = 64, MOST_VM_MB = 1 << 20 };

#define DAY_NS (86400 * NS_PER_S)

/* What a spec borrows from: the YAML as read, and the lists made of it. */
struct owner {
	struct yaml_study *yaml;
	VEC(void *) lists;
};

/* The text being read, for messages that name a line. */
struct reader {
	const char *text, *what;
	size_t len;
	struct owner *owner;
	const struct yaml_study *y;
};

static void *list_add(struct owner *o, size_t n, size_t size)
{
	return *vec_add(&o->lists) = xalloc(n + 1, size);
}

/* "FILE: line 7: inner" for a value that stands in the file, else "FILE: inner". */
static int at_value(const struct reader *rd, const char *value, struct err *err)
{
	unsigned line = value ? yaml_line_of(rd->text, rd->len, value) : 0;

	return line ? err_in(err, "%s: line %u", rd->what, line) : err_in(err, "%s", rd->what);
}

static int read_duration(const struct reader *rd, const char *key, const char *text, double least_s, double *ret_s,
			 struct err *err)
{
	uint64_t ns;

	if (!text)
		return 0;
	if (text_duration(text, &ns) < 0 || ns > DAY_NS || (double) ns < least_s * (double) NS_PER_S) {
		err_set(err, -EINVAL, "%s '%.40s' is no duration from %g s to a day; write 2s, 500ms or 1m", key, text, least_s);
		return at_value(rd, text, err);
	}
	*ret_s = (double) ns / (double) NS_PER_S;
	return 0;
}

static int check_blocks(const struct reader *rd, uint32_t blocks, struct err *err)
{
	if (blocks >= 1 && blocks <= MOST_BLOCKS)
		return 0;
	err_set(err, -ERANGE, "blocks is %u; use 1 to %d, 10 for conclusions", blocks, MOST_BLOCKS);
	return at_value(rd, "blocks", err);
}

/* A level's name goes into files, tables and pictures; two of a kind could not be told apart. */
static int check_name(const struct reader *rd, const char *kind, const char *name, const char *const *before, unsigned n,
		      struct err *err)
{
	if (!text_is_name(name)) {
		err_set(err, -EINVAL, "the %s '%.64s' is no name; use letters, digits, '.', '_' and '-'", kind, name);
		return at_value(rd, name, err);
	}
	for (unsigned i = 0; i < n; i++)
		if (text_eq(before[i], name)) {
			err_set(err, -EEXIST, "the %s '%.64s' is there twice; give one of them another name", kind, name);
			return at_value(rd, name, err);
		}
	return 0;
}

static int read_suts(struct study_spec *s, const struct reader *rd, struct err *err)
{
	const struct yaml_study *y = rd->y;

	s->suts = list_add(rd->owner, y->suts_count, sizeof(*s->suts));
	for (; s->n_suts < y->suts_count; s->n_suts++) {
		const char *name = y->suts[s->n_suts];

		if (check_name(rd, "system under test", name, (const char *const *) y->suts, s->n_suts, err) < 0)
			return err->code;
		if (sut_parse(name, &s->suts[s->n_suts], err) < 0)
			return at_value(rd, name, err);
	}
	return 0;
}

static const char *const *words(struct owner *o, char *const *from, unsigned n)
{
	const char **to = list_add(o, n, sizeof(*to));

	for (unsigned i = 0; i < n; i++)
		to[i] = from[i];
	return to;
}

/* A variant must not pass for what it varies, nor somebody else's commands for what is built in. */
static int check_tuning(const struct yaml_tuning *y, const struct reader *rd, struct err *err)
{
	bool commands = y->apply_count > 0 || y->revert_count > 0;
	bool varied = y->only_count > 0 || y->except_count > 0 || y->allow_insecure;
	bool stock = text_eq(y->name, "stock"), built_in = stock || text_eq(y->name, "vlat");

	if (commands && varied)
		err_set(err, -EINVAL,
			"the tuning '%.64s' has commands of its own, so only, except and allow-insecure mean nothing there",
			y->name);
	else if ((built_in && commands) || (stock && varied))
		err_set(err, -EINVAL,
			"the tuning '%.64s' is built in as it is; give a level that does something else another name", y->name);
	else if (!built_in && !varied && (y->apply_count == 0 || y->revert_count == 0))
		err_set(err, -EINVAL, "the tuning '%.64s' is not built in and needs both apply: [...] and revert: [...]",
			y->name);
	else
		return 0;
	return at_value(rd, y->name, err);
}

/* Two names are built in; any other level is a variant of `vlat`, or somebody's tuner. */
static int read_tuning(struct tuning_level *t, const struct yaml_tuning *y, const struct reader *rd, struct err *err)
{
	int r = check_tuning(y, rd, err);

	if (r < 0)
		return r;
	t->name = y->name;
	if (y->apply_count > 0) {
		t->kind = TUNING_COMMANDS;
		t->apply = words(rd->owner, y->apply, y->apply_count);
		t->revert = words(rd->owner, y->revert, y->revert_count);
	} else if (!text_eq(y->name, "stock")) {
		t->kind = TUNING_VLAT;
		t->options.allow_insecure = y->allow_insecure;
		t->options.only = y->only_count ? words(rd->owner, y->only, y->only_count) : NULL;
		t->options.except = y->except_count ? words(rd->owner, y->except, y->except_count) : NULL;
	} else {
		t->kind = TUNING_STOCK;
	}
	return 0;
}

static int read_tunings(struct study_spec *s, const struct reader *rd, struct err *err)
{
	const struct yaml_study *y = rd->y;
	const char **names = list_add(rd->owner, y->tunings_count, sizeof(*names));

	s->tunings = list_add(rd->owner, y->tunings_count, sizeof(*s->tunings));
	for (; s->n_tunings < y->tunings_count; s->n_tunings++) {
		const struct yaml_tuning *t = &y->tunings[s->n_tunings];

		if (check_name(rd, "tuning", t->name, names, s->n_tunings, err) < 0)
			return err->code;
		names[s->n_tunings] = t->name;
		if (read_tuning(&s->tunings[s->n_tunings], t, rd, err) < 0)
			return err->code;
	}
	return 0;
}

static int read_load(struct spec_interference *to, const struct yaml_load *l, const struct reader *rd, struct err *err)
{
	to->name = l->name;
	if (l->command_count > 0 && text_eq(l->name, "idle")) {
		err_set(err, -EINVAL, "the interference 'idle' is no load; give one that runs a command another name");
		return at_value(rd, l->name, err);
	}
	if (l->command_count > 0)
		to->argv = words(rd->owner, l->command, l->command_count);
	else if (text_eq(l->name, "busy"))
		to->argv = interference_busy;
	else if (!text_eq(l->name, "idle")) {
		err_set(err, -EINVAL, "the interference '%.64s' needs command: [...]; only idle and busy are built in", l->name);
		return at_value(rd, l->name, err);
	}
	return 0;
}

static int read_loads(struct study_spec *s, const struct reader *rd, struct err *err)
{
	const struct yaml_study *y = rd->y;
	const char **names = list_add(rd->owner, y->interference_count, sizeof(*names));

	s->loads = list_add(rd->owner, y->interference_count, sizeof(*s->loads));
	for (; s->n_loads < y->interference_count; s->n_loads++) {
		const struct yaml_load *l = &y->interference[s->n_loads];

		if (check_name(rd, "interference", l->name, names, s->n_loads, err) < 0)
			return err->code;
		names[s->n_loads] = l->name;
		if (read_load(&s->loads[s->n_loads], l, rd, err) < 0)
			return err->code;
	}
	return 0;
}

static int read_times(struct job *job, const struct yaml_workload *w, const struct reader *rd, struct err *err)
{
	double interval_s = (double) job->interval_us / 1e6, timeout_s = job->timeout_ms / 1e3;
	int r = read_duration(rd, "duration", w->duration, 0.01, &job->duration_s, err);

	if (r == 0)
		r = read_duration(rd, "warmup", w->warmup, 0, &job->warmup_s, err);
	if (r == 0)
		r = read_duration(rd, "interval", w->interval, 1e-6, &interval_s, err);
	if (r == 0)
		r = read_duration(rd, "timeout", w->timeout, 1e-3, &timeout_s, err);
	job->interval_us = interval_s < 4000 ? (uint32_t) (interval_s * 1e6 + 0.5) : UINT32_MAX;
	job->timeout_ms = (uint32_t) (timeout_s * 1e3 + 0.5);
	return r;
}

/* A key that changes nothing would be believed to have changed something. */
static int check_taken(const struct yaml_workload *w, const struct workload *takes, const struct reader *rd, struct err *err)
{
	const struct {
		const char *key;
		bool given, taken;
	} rows[] = {
		{ "rate", w->rate < 0 || w->rate > 0, takes->rate },
		{ "request-bytes", w->request_bytes != NULL, takes->sizes },
		{ "response-bytes", w->response_bytes != NULL, takes->sizes },
		{ "direction", w->direction != NULL, takes->direction },
		{ "interval", w->interval != NULL, takes->interval },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (rows[i].given && !rows[i].taken) {
			err_set(err, -EINVAL, "%s takes no %s ('vlat workloads' lists what each takes)", takes->name,
				rows[i].key);
			return at_value(rd, w->name, err);
		}
	return 0;
}

static int read_workload(struct spec_workload *to, const struct yaml_workload *w, const struct job *defaults,
			 const struct reader *rd, struct err *err)
{
	struct job *job = &to->job;
	int r;

	*job = *defaults;
	to->name = w->as ? w->as : w->name;
	to->aa = w->aa;
	r = workload_find_or_explain(w->name, &job->workload, err);
	if (r < 0)
		return at_value(rd, w->name, err);
	r = check_taken(w, job->workload, rd, err);
	if (r < 0)
		return r;
	r = read_times(job, w, rd, err);
	if (r < 0)
		return r;
	if (w->direction && direction_parse(w->direction, &job->direction) < 0) {
		err_set(err, -EINVAL, "direction '%.40s' is none of up, down, both", w->direction);
		return at_value(rd, w->direction, err);
	}
	job->rate = w->rate;
	job->request_bytes = w->request_bytes ? *w->request_bytes : job->request_bytes;
	job->response_bytes = w->response_bytes ? *w->response_bytes : job->response_bytes;
	job->side = job->workload->peer ? SIDE_SERVER : SIDE_ALONE;
	r = job_check(job, err);
	return r < 0 ? at_value(rd, w->name, err) : 0;
}

static int read_workloads(struct study_spec *s, const struct job *defaults, const struct reader *rd, struct err *err)
{
	const struct yaml_study *y = rd->y;
	const char **names = list_add(rd->owner, y->workloads_count, sizeof(*names));

	s->workloads = list_add(rd->owner, y->workloads_count, sizeof(*s->workloads));
	for (; s->n_workloads < y->workloads_count; s->n_workloads++) {
		const struct yaml_workload *w = &y->workloads[s->n_workloads];

		if (check_name(rd, "workload", w->as ? w->as : w->name, names, s->n_workloads, err) < 0)
			return err->code;
		names[s->n_workloads] = w->as ? w->as : w->name;
		if (read_workload(&s->workloads[s->n_workloads], w, defaults, rd, err) < 0)
			return err->code;
	}
	return 0;
}

static int read_vm(struct study_spec *s, const struct reader *rd, struct err *err)
{
	const struct yaml_vm *vm = rd->y->vm;
	uint64_t bytes = 0;

	if (!vm)
		return 0;
	if (vm->memory && (text_size(vm->memory, &bytes) < 0 || bytes >> 20 < LEAST_VM_MB || bytes >> 20 > MOST_VM_MB)) {
		err_set(err, -EINVAL, "the VM's memory '%.40s' is no size from %dM to %dG; write 256M", vm->memory, LEAST_VM_MB,
			MOST_VM_MB >> 10);
		return at_value(rd, vm->memory, err);
	}
	if (vm->vcpus > MOST_VCPUS) {
		err_set(err, -ERANGE, "vcpus is %u; use 1 to %d", vm->vcpus, MOST_VCPUS);
		return at_value(rd, "vcpus", err);
	}
	s->vm_memory_mb = (unsigned) (bytes >> 20);
	s->vm_vcpus = vm->vcpus;
	return 0;
}

/* Blocks and times of the study itself, the quick ones when asked; they are the workloads' defaults. */
static int read_shape(struct study_spec *s, struct job *defaults, const struct reader *rd, struct err *err)
{
	const struct yaml_study *y = rd->y;
	const struct yaml_quick *q = s->quick ? y->quick : NULL;
	int r;

	s->blocks = q && q->blocks ? q->blocks : s->quick ? 3 : y->blocks;
	r = check_blocks(rd, s->blocks, err);
	if (r == 0)
		r = read_duration(rd, "duration", y->duration, 0.01, &defaults->duration_s, err);
	if (r == 0)
		r = read_duration(rd, "warmup", y->warmup, 0, &defaults->warmup_s, err);
	if (r == 0 && q)
		r = read_duration(rd, "duration", q->duration, 0.01, &defaults->duration_s, err);
	if (r == 0 && q)
		r = read_duration(rd, "warmup", q->warmup, 0, &defaults->warmup_s, err);
	return r;
}

static int read_head(struct study_spec *s, const struct reader *rd, struct err *err)
{
	const struct yaml_study *y = rd->y;

	s->name = y->name;
	s->title = y->title ? y->title : y->name;
	if (check_name(rd, "study", s->name, NULL, 0, err) < 0)
		return err->code;
	if (!y->peer || text_eq(y->peer, "fifo"))
		s->peer_policy = PEER_FIFO;
	else if (text_eq(y->peer, "other"))
		s->peer_policy = PEER_OTHER;
	else {
		err_set(err, -EINVAL, "peer '%.40s' is none of fifo, other", y->peer);
		return at_value(rd, y->peer, err);
	}
	return 0;
}

static int check_size(const struct study_spec *s, const struct reader *rd, struct err *err)
{
	AUTO_FREE bool *aa = NULL;
	struct matrix_spec shape;

	spec_matrix(s, 0, &shape, &aa);
	if (matrix_size(&shape) > 0)
		return 0;
	return err_set(err, -E2BIG, "%s asks for more than %d measurements; use fewer levels or blocks", rd->what, MATRIX_MOST);
}

int spec_parse(struct study_spec **ret, const char *yaml, size_t len, const char *what, bool quick, struct err *err)
{
	AUTO(spec_freep) struct study_spec *s = xalloc(1, sizeof(*s));
	struct job defaults = JOB_INIT;
	struct err local = { 0 };
	struct owner *o = xalloc(1, sizeof(*o));
	struct reader rd = { .text = yaml, .len = len, .what = what, .owner = o };
	int r;

	err = err ? err : &local;
	s->owner = o;
	s->quick = quick;
	r = yaml_study_read(&o->yaml, yaml, len, what, err);
	if (r < 0)
		return r;
	rd.y = o->yaml;
	if ((r = read_head(s, &rd, err)) < 0 || (r = read_shape(s, &defaults, &rd, err)) < 0 ||
	    (r = read_suts(s, &rd, err)) < 0 || (r = read_tunings(s, &rd, err)) < 0 || (r = read_loads(s, &rd, err)) < 0 ||
	    (r = read_workloads(s, &defaults, &rd, err)) < 0 || (r = read_vm(s, &rd, err)) < 0 ||
	    (r = check_size(s, &rd, err)) < 0)
		return r;
	*ret = TAKE(s);
	return 0;
}

int spec_load(struct study_spec **ret, const char *path, bool quick, struct err *err)
{
	AUTO_FREE char *text = NULL;
	size_t len;
	int r = file_read_all(path, MOST_BYTES, &text, &len, err);

	return r < 0 ? r : spec_parse(ret, text, len, path, quick, err);
}

void spec_free(struct study_spec *s)
{
	struct owner *o = s ? s->owner : NULL;

	if (!s)
		return;
	for (size_t i = 0; o && i < o->lists.n; i++)
		free(o->lists.at[i]);
	if (o) {
		vec_free(&o->lists);
		yaml_study_free(o->yaml);
	}
	free(o);
	free(s);
}

void spec_keep_suts(struct study_spec *s, const bool *keep)
{
	unsigned n = 0;

	for (unsigned i = 0; i < s->n_suts; i++)
		if (keep[i])
			s->suts[n++] = s->suts[i];
	s->n_suts = n;
}

void spec_matrix(const struct study_spec *s, uint64_t seed, struct matrix_spec *ret, bool **ret_aa)
{
	bool *aa = xalloc(s->n_workloads + 1, sizeof(*aa));

	for (unsigned i = 0; i < s->n_workloads; i++)
		aa[i] = s->workloads[i].aa;
	*ret = (struct matrix_spec){
		.suts = s->n_suts,
		.tunings = s->n_tunings,
		.interferences = s->n_loads,
		.workloads = s->n_workloads,
		.blocks = s->blocks,
		.aa = aa,
		.seed = seed,
	};
	*ret_aa = aa;
}
