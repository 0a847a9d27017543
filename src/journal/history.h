/* SPDX-License-Identifier: Apache-2.0 */
/*
 * history - what vlat did on this host: every run that had a journal, by whom,
 * and what became of it.  STATE/history, one JSON object a line, only ever
 * appended to; at 256 KiB it becomes STATE/history.1 and the one before goes.
 *
 * A help to memory, nothing that undoing relies on: it is written without
 * fsync, a torn line is passed over, and when it cannot be written the run
 * goes on.
 */
#ifndef JOURNAL_HISTORY_H
#define JOURNAL_HISTORY_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

enum history_end {
	HISTORY_OPEN,           /* no end is recorded: in force, at work, or killed */
	HISTORY_ENDED,          /* undid everything itself */
	HISTORY_REVERTED,       /* vlat revert, or the next vlat, undid it */
	HISTORY_LEFT,           /* something could not be undone, or was somebody else's by then */
};

struct history_run {
	char run[16], why[128];
	char began[32], ended[32];      /* "" = not known */
	char by[96], ended_by[96];      /* "anna (uid 0, sudo, pts/3)" */
	enum history_end end;
	size_t changes;                 /* settings, tasks and files it changed; known at the end */
	size_t foreign, failed;
};

struct history {
	struct history_run *at;         /* oldest first */
	size_t n, cap;
	size_t damaged;                 /* lines that could not be read */
};

/* Nothing at all is a history too. */
int history_read(struct history *ret, struct err *err);
void history_parse(const char *text, size_t len, struct history *ret);  /* appends */
void history_free(struct history *h);
const char *history_end_name(enum history_end e);
json_t *history_run_json(const struct history_run *r);

#endif
