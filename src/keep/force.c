/* SPDX-License-Identifier: Apache-2.0 */
#include "keep/force.h"

#include <errno.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/jsonx.h"
#include "base/text.h"
#include "base/vec.h"
#include "journal/journal.h"

#define FORMAT 1

int force_look(struct revert_report *ret, struct err *err)
{
	static const struct revert_options look = { .dry_run = true, .look = true, .lasting = true };

	return journal_revert(&look, ret, err);
}

int force_look_quietly(struct revert_report *ret, struct err *err)
{
	static const struct revert_options look = { .dry_run = true, .look = true, .lasting = true, .quiet = true };

	return journal_revert(&look, ret, err);
}

bool force_is_tuning(const struct revert_run *run)
{
	return run->tuning;
}

const struct revert_run *force_tuning(const struct revert_report *r)
{
	for (size_t i = 0; i < r->n; i++)
		if (r->at[i].state == REVERT_LIVE && force_is_tuning(&r->at[i]))
			return &r->at[i];
	return NULL;
}

/*
 * A change that undoing would put back is in force.  One that is as before has
 * been put back by somebody, unless the kernel had refused it in the first place.
 */
bool force_drifted(const struct undo_item *it)
{
	bool named = it->what[0] == '/' || text_starts(it->what, "link /") || text_starts(it->what, "network card ");

	return it->state == UNDO_FOREIGN || (it->state == UNDO_SAME && named && !text_eq(it->text, UNDO_REFUSED));
}

size_t force_count_drifted(const struct revert_run *run)
{
	size_t n = 0;

	for (size_t i = 0; i < run->report.n; i++)
		n += force_drifted(&run->report.at[i]);
	return n;
}

size_t force_count_held(const struct revert_run *run)
{
	return run->report.count[UNDO_DONE];
}

/* Beside the runs, so that it goes where VLAT_STATE goes; of a tuning that has ended it says nothing. */
static int verified_path(char **ret, struct err *err)
{
	char state[288];
	int r = journal_state_dir(state, sizeof(state), err);

	if (r == 0)
		*ret = xprintf("%s/verified.json", state);
	return r;
}

int verified_load(const char *run, struct verified *ret, struct err *err)
{
	AUTO_FREE char *path = NULL;
	AUTO_JSON json_t *o = NULL;
	struct verified v;
	const char *of;
	int r = verified_path(&path, err);

	if (r == 0)
		r = jx_load(path, 4096, &o, err);
	if (r == 0)
		r = jx_format(o, FORMAT, err);
	if (r == 0)
		r = jx_str(o, "run", &of, err);
	if (r == 0)
		r = jx_double(o, "at_s", &v.at_s, err);
	if (r == 0)
		r = jx_bool(o, "fine", &v.fine, err);
	if (r < 0)
		return r;
	if (!text_eq(of, run))
		return err_set(err, -ENOENT, "the last vlat verify looked at another tuning");
	*ret = v;
	return 0;
}

int verified_save(const char *run, bool fine, struct err *err)
{
	AUTO_FREE char *path = NULL;
	AUTO_JSON json_t *o = json_pack("{s:i, s:s, s:f, s:b}", "format", FORMAT, "run", run, "at_s",
					(double) (clock_wall_ns() / NS_PER_MS) / 1e3, "fine", fine);
	int r = verified_path(&path, err);

	return r == 0 ? jx_save(path, o, 0600, err) : r;
}
