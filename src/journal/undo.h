/* SPDX-License-Identifier: Apache-2.0 */
/*
 * undo - what became of each journalled change, as data; and `vlat revert`:
 * the same for the journals that dead runs have left.
 *
 * Only what is still ours is undone.  A value that is neither what it was nor
 * what vlat made of it is somebody else's by now: reported once, left alone.
 */
#ifndef JOURNAL_UNDO_H
#define JOURNAL_UNDO_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "journal/journal.h"

enum undo_state {
	UNDO_DONE,              /* put back, removed, ended */
	UNDO_SAME,              /* was as before already */
	UNDO_VOID,              /* what it was about is gone: task ended, device removed, machine rebooted */
	UNDO_FOREIGN,           /* somebody changed it since: left alone */
	UNDO_FAILED,            /* stays in the journal */
};

/* The text of an UNDO_SAME whose change the kernel had refused. */
#define UNDO_REFUSED "the kernel did not take the change"

struct undo_item {
	enum undo_state state;
	char knob[64];          /* on whose behalf; "" = nobody's */
	char what[256];         /* "/proc/sys/kernel/timer_migration", "task 812 (kswapd0)" */
	char text[320];         /* what was done, or why not */
};

struct undo_report {
	struct undo_item *at;
	size_t n, cap;
	size_t count[UNDO_FAILED + 1];
};

void undo_report_free(struct undo_report *r);
const char *undo_state_name(enum undo_state s);

/* As journal_undo_to(); appends to *report (which may be NULL). Negative only when something failed. */
int journal_undo_report(struct journal *j, size_t here, struct undo_report *report, struct err *err);

enum revert_state { REVERT_LIVE, REVERT_CLEAN, REVERT_LEFT, REVERT_UNREADABLE };

struct revert_run {
	char id[16];
	char why[128], created[32];
	bool tuning;            /* it holds a tuning of this host, and changes nothing else */
	bool lasting;           /* owned by no process: with `look` its state is REVERT_LIVE */
	long pid;
	enum revert_state state;
	char text[320];         /* why it was not (wholly) reverted */
	struct undo_report report;
};

struct revert_options {
	bool dry_run;           /* say what would be done */
	bool look;              /* with dry_run: also at runs that are alive: what of theirs is still as they left it? */
	bool quiet;             /* with look: cheaply, and nothing that only an interrupt to another CPU could read */
	bool forget;            /* drop what cannot be undone from the record */
	bool lasting;           /* also what lasts (lasting.h); else such runs are passed by */
	const char *run;        /* only this one; NULL = all */
	const char *const *force;       /* NULL, or knob ids and paths put back whoever changed them since, NULL-terminated */
	struct hands *hands;            /* of revert_confine() */
};

struct revert_report {
	struct revert_run *at;
	size_t n, cap;
};

/* All runs whose owner is dead.  0 also when things were left: ask revert_clean(). */
int journal_revert(const struct revert_options *options, struct revert_report *ret, struct err *err);

/*
 * For who does nothing else afterwards: the right to write any file that those
 * journals do not name is given up, for good, before they are obeyed.  What
 * cannot be done so (unmounting, programs, processes) another process does,
 * that was forked before; *options tell how to ask it.  More that is to be done
 * out there can be given along.  -EOPNOTSUPP: this kernel has no Landlock.
 */
typedef int revert_more(void *arg, char *text, size_t cap, struct err *err);
int revert_confine(struct revert_options *options, revert_more *more, void *arg, struct err *err);
int revert_do_more(const struct revert_options *options, char *text, size_t cap, struct err *err);
void revert_confine_end(struct revert_options *options); /* that process, not the confinement */
bool revert_clean(const struct revert_report *r);       /* nothing failed, nothing foreign, nothing unreadable */
void revert_report_free(struct revert_report *r);
json_t *revert_report_json(const struct revert_report *r);

#endif
