/* SPDX-License-Identifier: Apache-2.0 */
#include "study/spec.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/text.h"
#include "base/vec.h"
#include "study/spec_parts.h"
#include "study/yaml_line.h"
#include "workload/workload.h"

enum { MOST_BLOCKS = 1000, MOST_BYTES = 1 << 20 };

#define DAY_NS (86400 * NS_PER_S)

void *list_add(struct spec_owner *o, size_t n, size_t size)
{
	return *vec_add(&o->lists) = xalloc(n + 1, size);
}

const char *const *list_words(struct spec_owner *o, char *const *from, unsigned n)
{
	const char **to = list_add(o, n, sizeof(*to));

	for (unsigned i = 0; i < n; i++)
		to[i] = from[i];
	return to;
}

int at_value(const struct reader *rd, struct err *err, const char *path, ...)
{
	char at[96];
	unsigned line = 0;
	va_list ap;

	va_start(ap, path);
	if (vsnprintf(at, sizeof(at), path, ap) < (int) sizeof(at))
		line = yaml_line_of(rd->text, rd->len, at);
	va_end(ap);
	return line ? err_in(err, "%s: line %u", rd->what, line) : err_in(err, "%s", rd->what);
}

/* path: "duration", "workloads[2].interval". */
static int read_duration(const struct reader *rd, const char *path, const char *text, double least_s, double *ret_s,
			 struct err *err)
{
	const char *dot = strrchr(path, '.');
	uint64_t ns;

	if (!text)
		return 0;
	if (text_duration(text, &ns) < 0 || ns > DAY_NS || (double) ns < least_s * (double) NS_PER_S) {
		err_set(err, -EINVAL, "%s '%.40s' is no duration from %g s to a day; write 2s, 500ms or 1m", dot ? dot + 1 : path,
			text, least_s);
		return at_value(rd, err, "%s", path);
	}
	*ret_s = (double) ns / (double) NS_PER_S;
	return 0;
}

static int check_blocks(const struct reader *rd, uint32_t blocks, const char *path, struct err *err)
{
	if (blocks >= 1 && blocks <= MOST_BLOCKS)
		return 0;
	err_set(err, -ERANGE, "blocks is %u; use 1 to %d, 10 for conclusions", blocks, MOST_BLOCKS);
	return at_value(rd, err, "%s", path);
}

static bool is_there(const char *const *before, unsigned n, const char *name)
{
	for (unsigned i = 0; i < n; i++)
		if (text_eq(before[i], name))
			return true;
	return false;
}

int check_name(const struct reader *rd, const char *kind, const char *list, const char *name, const char *const *before,
	       unsigned n, struct err *err)
{
	if (!text_is_name(name))
		err_set(err, -EINVAL, "the %s '%.64s' is no name; use letters, digits, '.', '_' and '-'", kind, name);
	else if (is_there(before, n, name))
		err_set(err, -EEXIST, "the %s '%.64s' is there twice; give one of them another name", kind, name);
	else
		return 0;
	return before ? at_value(rd, err, "%s[%u]", list, n) : at_value(rd, err, "%s", list);
}

static int read_time(const struct reader *rd, unsigned which, const char *key, const char *text, double least_s, double *ret_s,
		     struct err *err)
{
	char path[64];

	(void) text_print(path, sizeof(path), "workloads[%u].%s", which, key);
	return read_duration(rd, path, text, least_s, ret_s, err);
}

static int read_times(struct job *job, unsigned which, const struct reader *rd, struct err *err)
{
	const struct yaml_workload *w = &rd->y->workloads[which];
	double interval_s = (double) job->interval_us / 1e6, timeout_s = job->timeout_ms / 1e3;
	int r = read_time(rd, which, "duration", w->duration, 0.01, &job->duration_s, err);

	if (r == 0)
		r = read_time(rd, which, "warmup", w->warmup, 0, &job->warmup_s, err);
	if (r == 0)
		r = read_time(rd, which, "interval", w->interval, 1e-6, &interval_s, err);
	if (r == 0)
		r = read_time(rd, which, "timeout", w->timeout, 1e-3, &timeout_s, err);
	job->interval_us = interval_s < 4000 ? (uint32_t) (interval_s * 1e6 + 0.5) : UINT32_MAX;
	job->timeout_ms = (uint32_t) (timeout_s * 1e3 + 0.5);
	return r;
}

/* A key that changes nothing would be believed to have changed something. */
static int check_taken(unsigned which, const struct workload *takes, const struct reader *rd, struct err *err)
{
	const struct yaml_workload *w = &rd->y->workloads[which];
	const struct {
		const char *key;
		bool given, taken;
	} rows[] = {
		{ "rate", w->rate < 0 || w->rate > 0, takes->rate },
		{ "request-bytes", w->request_bytes != NULL, takes->sizes },
		{ "response-bytes", w->response_bytes != NULL, takes->sizes },
		{ "direction", w->direction != NULL, takes->direction },
		{ "interval", w->interval != NULL, takes->interval },
		{ "timeout", w->timeout != NULL, takes->timeout },
		{ "set", w->set != NULL, takes->memory },
		{ "set-pages", w->set_pages != NULL, takes->memory },
		{ "ladder", w->ladder != NULL, takes->memory },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (rows[i].given && !rows[i].taken) {
			err_set(err, -EINVAL, "%s takes no %s ('vlat workloads' lists what each takes)", takes->name,
				rows[i].key);
			return at_value(rd, err, "workloads[%u].%s", which, rows[i].key);
		}
	return 0;
}

/* The workload memory: the set that is sampled, and the pages behind it. */
static int read_set(struct job *job, unsigned which, const struct reader *rd, struct err *err)
{
	const struct yaml_workload *w = &rd->y->workloads[which];
	uint64_t bytes = 0;

	if (w->set && (text_size(w->set, &bytes) < 0 || bytes == 0 || bytes > 64ull << 30 || bytes % 1024)) {
		err_set(err, -EINVAL, "set '%.40s' is no size such as 64M, of 16K to 64G", w->set);
		return at_value(rd, err, "workloads[%u].set", which);
	}
	if (w->set_pages && pages_parse(w->set_pages, &job->pages) < 0) {
		err_set(err, -EINVAL, "set-pages '%.40s' are none of 4k, 2m, 1g", w->set_pages);
		return at_value(rd, err, "workloads[%u].set-pages", which);
	}
	job->set_kb = (uint32_t) (bytes / 1024);
	job->ladder = w->ladder ? *w->ladder : job->ladder;
	return 0;
}

static int read_workload(struct spec_workload *to, unsigned which, const struct job *defaults, const struct reader *rd,
			 struct err *err)
{
	const struct yaml_workload *w = &rd->y->workloads[which];
	struct job *job = &to->job;
	int r;

	*job = *defaults;
	to->name = w->as ? w->as : w->name;
	to->aa = w->aa;
	r = workload_find_or_explain(w->name, &job->workload, err);
	if (r < 0)
		return at_value(rd, err, "workloads[%u].name", which);
	r = check_taken(which, job->workload, rd, err);
	if (r == 0)
		r = read_times(job, which, rd, err);
	if (r < 0)
		return r;
	r = read_set(job, which, rd, err);
	if (r < 0)
		return r;
	if (w->direction && direction_parse(w->direction, &job->direction) < 0) {
		err_set(err, -EINVAL, "direction '%.40s' is none of up, down, both", w->direction);
		return at_value(rd, err, "workloads[%u].direction", which);
	}
	job->rate = w->rate;
	job->request_bytes = w->request_bytes ? *w->request_bytes : job->request_bytes;
	job->response_bytes = w->response_bytes ? *w->response_bytes : job->response_bytes;
	job->side = job->workload->peer ? SIDE_SERVER : SIDE_ALONE;
	r = job_check(job, err);
	return r < 0 ? at_value(rd, err, "workloads[%u].name", which) : 0;
}

static int read_workloads(struct study_spec *s, const struct job *defaults, const struct reader *rd, struct err *err)
{
	const struct yaml_study *y = rd->y;
	const char **names = list_add(rd->owner, y->workloads_count, sizeof(*names));

	s->workloads = list_add(rd->owner, y->workloads_count, sizeof(*s->workloads));
	for (; s->n_workloads < y->workloads_count; s->n_workloads++) {
		const struct yaml_workload *w = &y->workloads[s->n_workloads];

		if (check_name(rd, "workload", "workloads", w->as ? w->as : w->name, names, s->n_workloads, err) < 0)
			return err->code;
		names[s->n_workloads] = w->as ? w->as : w->name;
		if (read_workload(&s->workloads[s->n_workloads], s->n_workloads, defaults, rd, err) < 0)
			return err->code;
	}
	return 0;
}

/* Blocks and times of the study itself, the quick ones when asked; they are the workloads' defaults. */
static int read_shape(struct study_spec *s, struct job *defaults, const struct reader *rd, struct err *err)
{
	const struct yaml_study *y = rd->y;
	const struct yaml_quick *q = s->quick ? y->quick : NULL;
	int r;

	s->blocks = q && q->blocks ? q->blocks : s->quick ? 3 : y->blocks;
	r = check_blocks(rd, s->blocks, q && q->blocks ? "quick.blocks" : "blocks", err);
	if (r == 0)
		r = read_duration(rd, "duration", y->duration, 0.01, &defaults->duration_s, err);
	if (r == 0)
		r = read_duration(rd, "warmup", y->warmup, 0, &defaults->warmup_s, err);
	if (r == 0 && q)
		r = read_duration(rd, "quick.duration", q->duration, 0.01, &defaults->duration_s, err);
	if (r == 0 && q)
		r = read_duration(rd, "quick.warmup", q->warmup, 0, &defaults->warmup_s, err);
	return r;
}

static int read_head(struct study_spec *s, const struct reader *rd, struct err *err)
{
	const struct yaml_study *y = rd->y;

	s->name = y->name;
	s->title = y->title ? y->title : y->name;
	if (check_name(rd, "study", "name", s->name, NULL, 0, err) < 0)
		return err->code;
	if (!y->peer || text_eq(y->peer, "fifo"))
		s->peer_policy = PEER_FIFO;
	else if (text_eq(y->peer, "other"))
		s->peer_policy = PEER_OTHER;
	else {
		err_set(err, -EINVAL, "peer '%.40s' is none of fifo, other", y->peer);
		return at_value(rd, err, "peer");
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
	struct spec_owner *o = xalloc(1, sizeof(*o));
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
	    (r = read_tunings(s, &rd, err)) < 0 || (r = read_loads(s, &rd, err)) < 0 ||
	    (r = read_workloads(s, &defaults, &rd, err)) < 0 || (r = read_systems(s, &rd, err)) < 0 ||
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
	struct spec_owner *o = s ? s->owner : NULL;

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

void spec_keep_systems(struct study_spec *s, const bool *keep)
{
	unsigned n = 0;

	for (unsigned i = 0; i < s->n_systems; i++)
		if (keep[i])
			s->systems[n++] = s->systems[i];
	s->n_systems = n;
}

/* The A/A pair belongs to a SUT's first system, which its others are compared with. */
static bool is_first(const struct study_spec *s, unsigned system)
{
	for (unsigned i = 0; i < system; i++)
		if (s->systems[i].kind == s->systems[system].kind)
			return false;
	return true;
}

void spec_matrix(const struct study_spec *s, uint64_t seed, struct matrix_spec *ret, bool **ret_aa)
{
	bool *aa = xalloc(s->n_workloads + s->n_systems + 1, sizeof(*aa)), *aa_systems = aa + s->n_workloads;

	for (unsigned i = 0; i < s->n_workloads; i++)
		aa[i] = s->workloads[i].aa;
	for (unsigned i = 0; i < s->n_systems; i++)
		aa_systems[i] = is_first(s, i);
	*ret = (struct matrix_spec){
		.systems = s->n_systems,
		.tunings = s->n_tunings,
		.interferences = s->n_loads,
		.workloads = s->n_workloads,
		.blocks = s->blocks,
		.aa = aa,
		.aa_systems = aa_systems,
		.seed = seed,
	};
	*ret_aa = aa;
}
