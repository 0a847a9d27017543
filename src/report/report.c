/* SPDX-License-Identifier: Apache-2.0 */
#include "report/report.h"

#include "base/cleanup.h"
#include "base/fs.h"
#include "record/record.h"
#include "report/compose.h"

int report_load(struct report **ret, const char *dir, struct err *err)
{
	struct record *record = NULL;
	int r = record_read(&record, dir, err);

	if (r < 0)
		return r;
	r = report_make(ret, record, err);
	return r < 0 ? err_in(err, "%s", dir) : 0;
}

int report_text(const struct report *r, struct sink *out, const struct text_options *o, struct err *err)
{
	struct doc d = { .script = SCRIPT_ASCII };
	int rc;

	compose(&d, r, false);
	rc = doc_text(&d, out, o, err);
	doc_free(&d);
	return rc;
}

int report_brief(const struct report *r, struct sink *out, const struct text_options *o, struct err *err)
{
	struct doc d = { .script = SCRIPT_ASCII };
	int rc;

	compose_answer(&d, r);
	compose_experiment(&d, r);
	rc = doc_text(&d, out, o, err);
	doc_free(&d);
	return rc;
}

void report_html(const struct report *r, struct sink *out)
{
	struct doc d = { .script = SCRIPT_UNICODE };

	compose(&d, r, true);
	doc_html(&d, out);
	doc_free(&d);
}

static int save(const char *dir, const char *name, struct sink *text, struct err *err)
{
	AUTO_FREE char *path = xprintf("%s/%s", dir, name);
	int r = file_write_atomic(path, text->text, text->len, 0644, err);

	sink_free(text);
	return r;
}

int report_write_all(const struct report *r, struct err *err)
{
	const struct text_options plain = { .width = 100 };
	struct sink html = { 0 }, json = { 0 }, text = { 0 };
	int rc = report_json(r, &json, err);

	if (rc == 0)
		rc = report_text(r, &text, &plain, err);
	report_html(r, &html);
	if (rc == 0)
		rc = save(r->dir, "report.json", &json, err);
	if (rc == 0)
		rc = save(r->dir, "report.txt", &text, err);
	if (rc == 0)
		rc = save(r->dir, "report.html", &html, err);
	sink_free(&html);
	sink_free(&json);
	sink_free(&text);
	return rc;
}
