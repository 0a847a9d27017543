/* SPDX-License-Identifier: Apache-2.0 */
/* Which of the study's systems are there: first what costs nothing to ask, then the slow parts. */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/jsonx.h"
#include "base/log.h"
#include "base/text.h"
#include "study/interference.h"
#include "study/run_parts.h"

/* --- what is missing --- */

bool missing_holds(const missing_list *list, const struct sut_system *system)
{
	for (size_t i = 0; i < list->n; i++) {
		const struct run_missing *m = &list->at[i];
		bool same = true;

		for (enum spec_factor f = SPEC_SUT; f < SPEC_FACTORS; f++)
			same = same && (!m->level[f] || text_eq(m->level[f], spec_level(system, f)));
		if (same)
			return true;
	}
	return false;
}

/* The levels of a system that the missing part is about; the others do not matter. */
void missing_add(missing_list *list, const struct sut_system *system, enum sut_part part, const char *why)
{
	static const enum spec_factor of[] = { [PART_SUT] = SPEC_SUT,
					       [PART_DATAPATH] = SPEC_DATAPATH,
					       [PART_KERNEL] = SPEC_GUEST_KERNEL,
					       [PART_PAGES] = SPEC_PAGES };
	struct run_missing *m = vec_add(list);

	m->level[SPEC_SUT] = spec_level(system, SPEC_SUT);
	m->level[of[part]] = spec_level(system, of[part]);
	(void) text_print(m->why, sizeof(m->why), "%s", why);
	/* A reason that says what to install is its own cure. */
	(void) text_print(m->cure, sizeof(m->cure), "%s", strstr(why, "apt-get install") ? "" : sut_cure(system, part));
}

char *missing_text(const struct run_missing *m, char *buf, size_t cap)
{
	static const char *const what[SPEC_FACTORS] = {
		[SPEC_DATAPATH] = " over ", [SPEC_GUEST_KERNEL] = " with guest kernel ", [SPEC_PAGES] = " with pages "
	};

	(void) text_print(buf, cap, "%s", m->level[SPEC_SUT]);
	for (enum spec_factor f = SPEC_DATAPATH; f < SPEC_FACTORS; f++)
		if (m->level[f])
			(void) text_print(buf, cap, "%s%s%s", m->level[SPEC_SUT], what[f], m->level[f]);
	return buf;
}

json_t *missing_json(const missing_list *list)
{
	json_t *array = json_array();

	for (size_t i = 0; i < list->n; i++) {
		const struct run_missing *m = &list->at[i];
		json_t *one = json_object();

		for (enum spec_factor f = SPEC_SUT; f < SPEC_FACTORS; f++)
			if (m->level[f])
				json_object_set_new(one, spec_factor_name(f), json_string(m->level[f]));
		json_object_set_new(one, "why", json_string(m->why));
		json_object_set_new(one, "cure", json_string(m->cure));
		json_array_append_new(array, one);
	}
	return array;
}

/* A level as a folder names it, as this program's own text, which outlives the folder's. */
static int own_level(const char *text, enum spec_factor f, const char **ret, struct err *err)
{
	struct sut_system s = { .kind = SUT_VM };
	int r = 0;

	if (f == SPEC_SUT)
		r = sut_parse(text, &s.kind, err);
	else if (f == SPEC_GUEST_KERNEL)
		r = guest_kernel_parse(text, &s.kernel, err);
	else if (f == SPEC_PAGES)
		r = guest_pages_parse(text, &s.pages, err);
	else
		r = sut_datapath_parse(s.datapath = text, err);
	if (r == 0)
		*ret = spec_level(&s, f);
	return r;
}

static int take_one(struct run_missing *m, const json_t *from, struct err *err)
{
	const char *why = "", *cure = "";
	int r = 0;

	for (enum spec_factor f = SPEC_SUT; r == 0 && f < SPEC_FACTORS; f++) {
		const char *text = NULL;

		r = f == SPEC_SUT ? jx_str(from, spec_factor_name(f), &text, err)
				  : jx_opt_str(from, spec_factor_name(f), &text, err);
		if (r == 0 && text)
			r = own_level(text, f, &m->level[f], err);
	}
	if (r == 0)
		r = jx_opt_str(from, "why", &why, err);
	if (r == 0)
		r = jx_opt_str(from, "cure", &cure, err);
	(void) text_print(m->why, sizeof(m->why), "%s", why);
	(void) text_print(m->cure, sizeof(m->cure), "%s", cure);
	return r;
}

int missing_take(missing_list *list, const json_t *study, struct err *err)
{
	json_t *array = NULL, *one;
	size_t i;
	int r = jx_opt_array(study, "unavailable", &array, err);

	json_array_foreach (array, i, one)
		if (r == 0)
			r = take_one(vec_add(list), one, err);
	return r;
}

/* --- asking --- */

/*
 * A new study leaves out what is missing and says so in study.json.  A resumed
 * one has its order already: what went away since leaves its cells missing.
 */
static void note(struct study_run *r, const struct sut_system *system, enum sut_part part, const struct err *why)
{
	missing_list *list = r->resumed ? &r->gone : &r->missing;
	const struct run_missing *m;
	char text[128];

	missing_add(list, system, part, why->text);
	m = &list->at[list->n - 1];
	log_warn("%s is not available and left out: %s%s%s%s", missing_text(m, text, sizeof(text)), m->why, *m->cure ? " (" : "",
		 m->cure, *m->cure ? ")" : "");
}

typedef int ask_fn(void *arg, const struct sut_system *system, enum sut_part *ret_part, struct err *err);

/* Ask one question of every system; all of them missing is an error, with the first one's reason. */
static int ask_all(struct study_run *r, ask_fn *ask, void *arg, struct err *err)
{
	unsigned n = r->spec->n_systems, n_missing = 0;
	struct err first = { 0 };

	for (unsigned i = 0; i < n; i++) {
		const struct sut_system *system = &r->spec->systems[i];
		enum sut_part part = PART_SUT;
		struct err why = { 0 };
		bool known = missing_holds(&r->gone, system) || missing_holds(&r->missing, system);
		int rc = known ? 0 : ask(arg, system, &part, &why);

		if (rc == -EINTR)
			return err_set(err, rc, "interrupted");
		if (rc < 0 && first.code == 0)
			first = why;
		if (rc < 0)
			note(r, system, part, &why);
		n_missing += known || rc < 0;
	}
	if (n_missing == n && first.code)
		return err_set(err, first.code, "none of the study's systems under test is available here: %s", first.text);
	return n_missing && !r->resumed ? study_run_arrange(r, err) : 0;
}

static int ask_available(void *arg, const struct sut_system *system, enum sut_part *ret_part, struct err *err)
{
	const struct study_run *r = arg;

	return sut_available(system, &r->wish.sut, study_run_needs_peer(r->spec), ret_part, err);
}

static int ask_prepare(void *arg, const struct sut_system *system, enum sut_part *ret_part, struct err *err)
{
	const struct runner *w = arg;

	return sut_prepare(w->kit, system, study_run_needs_peer(w->run->spec), ret_part, err);
}

int study_run_check(struct study_run *r, struct err *err)
{
	int rc = 0;

	for (unsigned i = 0; rc == 0 && i < r->spec->n_tunings; i++)
		rc = tuning_available(&r->spec->tunings[i], err);
	for (unsigned i = 0; rc == 0 && i < r->spec->n_loads; i++)
		rc = interference_available(r->spec->loads[i].argv, err);
	return rc < 0 ? rc : ask_all(r, ask_available, r, err);
}

int runner_prepare_systems(struct runner *w, struct err *err)
{
	return ask_all(w->run, ask_prepare, w, err);
}
