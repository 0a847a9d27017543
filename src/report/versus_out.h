/* SPDX-License-Identifier: Apache-2.0 */
/*
 * versus_out - two reports side by side, for a person and for a program.
 *
 *	struct versus_view v = { .a = a, .b = b };
 *	versus_make(&v.versus, a->analysis, b->analysis);
 */
#ifndef REPORT_VERSUS_OUT_H
#define REPORT_VERSUS_OUT_H

#include <jansson.h>

#include "report/report.h"
#include "report/versus.h"

struct versus_view {
	const struct report *a, *b;
	struct versus versus;
	bool only_changes;              /* text: no rows but better and worse */
};

int versus_text(const struct versus_view *v, struct sink *out, const struct text_options *o, struct err *err);
int versus_json(const struct versus_view *v, struct sink *out, struct err *err);        /* docs/results.md */

/* The verdict's name; "too few runs" where there are too few for any. */
const char *versus_verdict(const struct versus_row *row);

/* What is known of both studies' machines and settings and is not the same, in words; a value that is not known is "". */
struct versus_differs {
	char name[96];
	const char *a, *b;
	char own[2][32];                /* where a value had to be made up; a or b may point here */
};
typedef void versus_differs_fn(void *arg, const struct versus_differs *d);
void versus_differs(const struct versus_view *v, versus_differs_fn *each, void *arg);
/* Its second half: what the names of workloads, loads and tunings stand for. */
void versus_levels(const struct versus_view *v, versus_differs_fn *each, void *arg);
/* Calls each, unless the two say the same. */
void versus_tell(versus_differs_fn *each, void *arg, const char *name, const char *a, const char *b);

/* What a reader must know before believing the table: runs that are missing or disturbed, too few, without a noise floor. */
typedef void versus_remark_fn(void *arg, const char *text);
void versus_remarks(const struct versus_view *v, versus_remark_fn *each, void *arg);

#endif
