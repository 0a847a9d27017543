/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kill -9 at every boundary.
 *
 * A child applies a plan to a machine in a folder, takes it back and closes its
 * journal, and is killed at call N of those that write, sync, rename or remove
 * (fuse.h).  Then `vlat revert` must leave the folder as it was, byte for byte,
 * and no run behind.  N = 1, 2, ... until the child comes through.
 *
 * The same for revert: it is killed at every boundary too, and run again.  The
 * same for files that last, whose writing is killed in the middle.  Then errors
 * instead of deaths (faults.c), and a thousand times without any.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../hosts/compare.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "journal/undo.h"
#include "lab.h"

static const char *const moment_names[] = { [BEFORE] = "before", [HALF] = "half through", [AFTER] = "after" };

/* stride: only each so manieth call. */
static unsigned long kill_everywhere(lab_fn *fn, const char *what, const struct lab *lab, enum moment when, unsigned stride)
{
	struct fuse f = { .harm = HARM_KILL, .when = when, .at = 1 };
	int r;

	while ((r = child(fn, lab, &f)) < 0) {
		need(child(revert_once, lab, NULL) == 0, "revert after a kill", NULL);
		nothing_left(lab, what, f.at);
		f.at += stride;
	}
	need(r == 0, "without harm", NULL);
	nothing_left(lab, what, f.at);
	return f.at - 1;
}

static unsigned long kill_revert_everywhere(lab_fn *ends, const struct lab *lab, enum moment when, unsigned stride)
{
	struct fuse f = { .harm = HARM_KILL, .when = when };
	bool through = false;

	while (!through) {
		int r;

		need(child(ends, lab, NULL) == -1, "the tuning ends by a kill", NULL);
		f.at += stride;
		r = child(revert_once, lab, &f);
		need(r <= 0, "revert", NULL);
		through = r == 0;
		need(child(revert_once, lab, NULL) == 0, "revert after a killed revert", NULL);
		nothing_left(lab, "revert", f.at);
	}
	return f.at - 1;
}

/* What somebody else wrote after the kill is his; and given back all the same when that is asked for by name. */
static void foreign_value_stays(const struct lab *lab)
{
	static const char path[] = "proc/sys/vm/stat_interval";
	const char *knob[] = { "iso.stat_interval", NULL }, *slip[] = { "iso.stat_intervall", NULL };
	struct revert_options o = { 0 };
	struct revert_report report = { 0 };
	struct err err = { 0 };
	char now[16];

	need(child(tune_and_die, lab, NULL) == -1, "the tuning ends by a kill", NULL);
	need(fs_write(&lab->fs, path, "42\n") == 0, "write", NULL);
	need(journal_revert(&o, &report, &err) == 0, "revert", &err);
	need(!revert_clean(&report) && report.at[0].report.count[UNDO_FOREIGN] == 1, "one foreign value is reported", NULL);
	revert_report_free(&report);
	need(fs_read(&lab->fs, path, now, sizeof(now)) > 0 && text_eq(now, "42"), "the foreign value stays", NULL);
	o.force = slip;
	need(journal_revert(&o, &report, &err) < 0 && strstr(err.text, slip[0]), "a slip of the pen is told", &err);
	o.force = knob;
	need(journal_revert(&o, &report, &err) == 0 && revert_clean(&report), "revert by force", &err);
	need(report.n == 1 && report.at[0].report.count[UNDO_DONE] == 1, "one value is put back by force", NULL);
	revert_report_free(&report);
	nothing_left(lab, "foreign value", 0);
	need(journal_revert(&o, &report, &err) < 0, "nothing is left to be forced", NULL);
}

static void small(void)
{
	struct lab lab = { 0 };

	lab_open_small(&lab);
	for (int m = BEFORE; m < MOMENTS; m++) {
		unsigned long tuning = kill_everywhere(tune_once, "tuning", &lab, (enum moment) m, 1),
			      files = kill_everywhere(put_once, "files", &lab, (enum moment) m, 1),
			      keep = kill_everywhere(keep_once, "what is kept", &lab, (enum moment) m, 1),
			      revert = kill_revert_everywhere(tune_and_die, &lab, (enum moment) m, 1);

		kill_revert_everywhere(put_and_die, &lab, (enum moment) m, 1);
		kill_revert_everywhere(keep_and_die, &lab, (enum moment) m, 1);
		printf("killed %s each of %lu calls of a tuning, %lu of writing files, %lu of keeping and %lu of a revert\n",
		       moment_names[m], tuning, files, keep, revert);
		need(tuning > 60 && revert > 40 && files > 40 && keep > 40, "the wrappers saw too few calls: not linked in",
		     NULL);
	}
	foreign_value_stays(&lab);
	faults(&lab);
	cycles(&lab, 1000);
	printf("a thousand times there and back: nothing is left\n");
	lab_close(&lab);
}

/*
 * After call N is before call N + 1 but for what is not counted, so one moment
 * is enough here: in the middle of each write.  It takes a minute or two;
 * `crash big 9` takes one call in nine.
 */
static void big(unsigned stride)
{
	struct lab lab = { 0 };
	unsigned long tuning, revert;

	lab_open_big(&lab);
	need(lab.steps >= 200, "the plan is too short", NULL);
	tuning = kill_everywhere(tune_once, "tuning", &lab, HALF, stride);
	revert = kill_revert_everywhere(tune_and_die, &lab, HALF, stride);
	printf("a plan of %zu steps: killed in one of %u of %lu calls of a tuning and %lu of a revert\n", lab.steps, stride,
	       tuning, revert);
	need(tuning > 2 * lab.steps && revert > lab.steps, "the wrappers saw too few calls", NULL);
	lab_close(&lab);
}

int main(int argc, char **argv)
{
	unsetenv("VLAT_LEAVE_ALONE");
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc < 2 || text_eq(argv[1], "small"))
		small();
	if (argc < 2 || text_eq(argv[1], "big"))
		big(argc > 2 && atoi(argv[2]) > 0 ? (unsigned) atoi(argv[2]) : 1);
	return 0;
}
