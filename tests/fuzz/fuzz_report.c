/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A results folder from a stranger, as {"study": study.json, "cells": [cell, ...]}:
 * every form of the report is made of it, and none may be steered by its texts.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/jsonx.h"
#include "record/record.h"
#include "report/report.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int by_id(const void *a, const void *b)
{
	const struct record_cell *x = a, *y = b;

	return (x->id > y->id) - (x->id < y->id);
}

/* As record_read() leaves it: cells by id, each id once. */
static struct record *record_of(const json_t *folder)
{
	json_t *study = json_object_get(folder, "study"), *cells = json_object_get(folder, "cells");
	struct record *rec = xalloc(1, sizeof(*rec));
	struct err err;
	size_t n = 0;

	rec->dir = xstrdup("folder");
	rec->study = json_is_object(study) ? json_incref(study) : json_object();
	rec->cells = xalloc(json_array_size(cells) + 1, sizeof(*rec->cells));
	for (size_t i = 0; i < json_array_size(cells); i++)
		if (record_cell_parse(&rec->cells[n], json_array_get(cells, i), "cell", &err) >= 0)
			n++;
	qsort(rec->cells, n, sizeof(*rec->cells), by_id);
	for (size_t i = 0; i < n; i++) {
		if (rec->n_cells && rec->cells[rec->n_cells - 1].id == rec->cells[i].id) {
			record_cell_clear(&rec->cells[i]);
			continue;
		}
		rec->cells[rec->n_cells++] = rec->cells[i];
	}
	return rec;
}

static size_t occurrences(const char *text, const char *word)
{
	size_t n = 0;

	for (const char *p = text; (p = strstr(p, word)); p += strlen(word))
		n++;
	return n;
}

static void check_page(const struct report *r)
{
	struct sink out = { 0 };

	report_html(r, &out);
	if (strstr(out.text, "<script") || strstr(out.text, "<img") || strchr(out.text, '\033'))
		abort();
	if (occurrences(out.text, "<svg") != occurrences(out.text, "</svg>") || occurrences(out.text, "</html>") != 1)
		abort();
	if (occurrences(out.text, "<table") != occurrences(out.text, "</table>") || strstr(out.text, "=\"nan") ||
	    strstr(out.text, "=\"inf"))
		abort();
	sink_free(&out);
}

static void check_text(const struct report *r)
{
	const struct text_options narrow = { .width = 40 }, wide = { .width = 0 };
	struct sink out = { 0 };
	struct err err;

	if (report_text(r, &out, &narrow, &err) < 0 || report_brief(r, &out, &wide, &err) < 0)
		abort();
	for (const char *p = out.text; *p; p++)
		if ((unsigned char) *p < 0x20 && *p != '\n')
			abort();
	sink_free(&out);
}

static void check_json(const struct report *r)
{
	struct sink out = { 0 };
	json_t *json = NULL;
	struct err err;

	if (report_json(r, &out, &err) < 0 || jx_parse(out.text, out.len, "report", &json, &err) < 0)
		abort();
	json_decref(json);
	sink_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_JSON json_t *folder = json_loadb((const char *) data, size, 0, NULL);
	struct report *r = NULL;
	struct err err;

	if (!json_is_object(folder) || report_make(&r, record_of(folder), &err) < 0)
		return 0;
	check_page(r);
	check_text(r);
	check_json(r);
	report_free(r);
	return 0;
}
