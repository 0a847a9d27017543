/* SPDX-License-Identifier: Apache-2.0 */
/* Which of the study's systems under test are there: first what costs nothing to ask, then the slow parts. */
#include <errno.h>

#include "base/log.h"
#include "study/interference.h"
#include "study/run_parts.h"

/*
 * A new study leaves out what is missing and says so in study.json.  A resumed
 * one has its order already: what went away since leaves its cells missing.
 */
static void note(struct study_run *r, enum sut_kind kind, const struct err *why)
{
	log_warn("%s is not available and left out: %s (%s)", sut_kind_name(kind), why->text, sut_cure(kind));
	if (r->resumed)
		r->gone[kind] = true;
	else
		study_run_note_missing(r, kind, why);
}

/* Ask one question of every SUT; all of them missing is an error, with the first one's reason. */
static int ask_all(struct study_run *r, int (*ask)(void *arg, enum sut_kind kind, struct err *err), void *arg, struct err *err)
{
	unsigned n = r->spec->n_suts, n_missing = 0;
	struct err first = { 0 };

	for (unsigned i = 0; i < n; i++) {
		enum sut_kind kind = r->spec->suts[i];
		struct err why = { 0 };
		int rc = r->gone[kind] ? 0 : ask(arg, kind, &why);

		if (rc == -EINTR)
			return err_set(err, rc, "interrupted");
		if (rc < 0 && n_missing++ == 0)
			first = why;
		if (rc < 0)
			note(r, kind, &why);
	}
	if (n_missing == n)
		return err_set(err, first.code, "none of the study's systems under test is available here: %s", first.text);
	return n_missing && !r->resumed ? study_run_arrange(r, err) : 0;
}

static int ask_available(void *arg, enum sut_kind kind, struct err *err)
{
	const struct study_run *r = arg;

	return sut_available(kind, &r->wish.sut, study_run_needs_peer(r->spec), err);
}

static int ask_prepare(void *arg, enum sut_kind kind, struct err *err)
{
	const struct runner *w = arg;

	return sut_prepare(w->kit, kind, study_run_needs_peer(w->run->spec), err);
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

int runner_prepare_suts(struct runner *w, struct err *err)
{
	return ask_all(w->run, ask_prepare, w, err);
}
