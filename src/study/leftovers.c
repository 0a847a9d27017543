/* SPDX-License-Identifier: Apache-2.0 */
#include "study/leftovers.h"

#include <errno.h>

#include "base/log.h"
#include "journal/undo.h"

static int judge(const struct revert_run *run, struct err *err)
{
	switch (run->state) {
	case REVERT_LIVE:
		if (run->tuning) {
			log_note("this host is tuned (run %s, %s): the level 'stock' means this host as it is now", run->id,
				 run->why);
			return 0;
		}
		log_warn("another vlat (run %s, process %ld, %s) is at work on this machine: the numbers of both suffer", run->id,
			 run->pid, run->why);
		return 0;
	case REVERT_CLEAN:
		log_note("run %s (%s) had died; what it left was undone", run->id, run->why);
		return 0;
	case REVERT_LEFT:
	case REVERT_UNREADABLE:
		break;
	}
	return err_set(err, -EUCLEAN,
		       "run %s (%s) died and left changes that cannot be undone by themselves (%s); look at them with "
		       "'vlat revert --dry-run'",
		       run->id, run->why, run->text[0] ? run->text : "somebody has changed them since; they were left alone");
}

int leftovers_clear(struct err *err)
{
	static const struct revert_options options;
	struct revert_report report = { 0 };
	int r = journal_revert(&options, &report, err);

	for (size_t i = 0; r == 0 && i < report.n; i++)
		r = judge(&report.at[i], err);
	revert_report_free(&report);
	return r;
}
