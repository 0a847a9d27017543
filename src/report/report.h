/* SPDX-License-Identifier: Apache-2.0 */
/*
 * report - a results folder read, analysed, and shown: as text, JSON or one
 * self-contained web page.  Nothing but the folder is needed: a report can be
 * made on another machine, years later.
 *
 *	struct report *r = NULL;
 *	report_load(&r, "r1", &err);
 *	report_html(r, &sink);
 *	report_free(r);
 */
#ifndef REPORT_REPORT_H
#define REPORT_REPORT_H

#include "base/err.h"
#include "base/sink.h"
#include "report/doc.h" /* struct text_options */
#include "report/model.h"

int report_load(struct report **ret, const char *dir, struct err *err);

int report_text(const struct report *r, struct sink *out, const struct text_options *o, struct err *err);
int report_brief(const struct report *r, struct sink *out, const struct text_options *o,
		 struct err *err);                                          /* answer and table alone */
int report_json(const struct report *r, struct sink *out, struct err *err); /* docs/report.md */
void report_html(const struct report *r, struct sink *out);

/* report.html, report.json and report.txt into the results folder, each whole or not at all. */
int report_write_all(const struct report *r, struct err *err);

#endif
