/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/table_out.h"

#include <ctype.h>
#include <errno.h>
#include <libsmartcols.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/vec.h"

static void drop_table(struct libscols_table **t)
{
	scols_unref_table(*t);
}

/* "P99 (NS)" names the JSON member "p99_ns". */
static char *member_name(const char *heading)
{
	char *name = xstrdup(heading);
	size_t n = 0;

	for (const char *p = heading; *p; p++) {
		if (isalnum((unsigned char) *p))
			name[n++] = (char) tolower((unsigned char) *p);
		else if (n > 0 && name[n - 1] != '_')
			name[n++] = '_';
	}
	while (n > 0 && name[n - 1] == '_')
		n--;
	name[n] = '\0';
	return name;
}

static int add_columns(struct libscols_table *t, const struct table *table, bool json)
{
	for (size_t i = 0; i < table->n_columns; i++) {
		const struct column *c = &table->columns[i];
		AUTO_FREE char *name = json ? member_name(c->name) : xstrdup(c->name);
		struct libscols_column *col;

		col = scols_table_new_column(t, name, 0, (c->number ? SCOLS_FL_RIGHT : 0) | (c->wrap ? SCOLS_FL_WRAP : 0));
		if (!col)
			return -ENOMEM;
		scols_column_set_json_type(col, c->number ? SCOLS_JSON_NUMBER : SCOLS_JSON_STRING);
	}
	return 0;
}

static int add_line(struct libscols_table *t, const struct table *table, const void *row, bool json, const struct term *term)
{
	struct libscols_line *line = scols_table_new_line(t, NULL);

	if (!line)
		return -ENOMEM;
	for (size_t i = 0; i < table->n_columns; i++) {
		const struct column *c = &table->columns[i];
		enum paint paint = term && c->paint ? c->paint(row) : PAINT_NONE;
		struct sink cell = { 0 };

		sink_put(&cell, "");
		if (json && c->json_cell)
			c->json_cell(&cell, row);
		else
			c->cell(&cell, row);
		while (cell.len && cell.text[cell.len - 1] == ' ')
			cell.text[--cell.len] = '\0';
		if (scols_line_refer_data(line, i, cell.text) < 0)
			return -ENOMEM;
		if (paint != PAINT_NONE && term->color)
			scols_cell_set_color(scols_line_get_cell(line, i), term_on(term, paint));
	}
	return 0;
}

static int fill(struct libscols_table *t, const struct table *table, bool json, const struct term *term)
{
	int r = add_columns(t, table, json);

	for (size_t i = 0; r == 0 && i < table->n_rows; i++)
		r = add_line(t, table, (const char *) table->rows + i * table->row_size, json, term);
	return r;
}

static int print(struct sink *out, struct libscols_table *t, struct err *err)
{
	AUTO_FREE char *text = NULL;
	int r = scols_print_table_to_string(t, &text);

	if (r < 0)
		return err_sys(err, r, "cannot lay out a table");
	if (text)
		sink_put(out, text);
	if (out->len && out->text[out->len - 1] != '\n')
		sink_char(out, '\n');
	return 0;
}

int table_text(struct sink *out, const struct table *table, const struct term *term, struct err *err)
{
	AUTO(drop_table) struct libscols_table *t = scols_new_table();

	if (!t || fill(t, table, false, term) < 0)
		return err_sys(err, -ENOMEM, "cannot lay out a table");
	scols_table_enable_colors(t, term->color);
	scols_table_set_termforce(t, term->width ? SCOLS_TERMFORCE_ALWAYS : SCOLS_TERMFORCE_NEVER);
	if (term->width)
		scols_table_set_termwidth(t, term->width);
	return print(out, t, err);
}

int table_json(struct sink *out, const struct table *table, const char *name, struct err *err)
{
	AUTO(drop_table) struct libscols_table *t = scols_new_table();

	if (!t || fill(t, table, true, NULL) < 0)
		return err_sys(err, -ENOMEM, "cannot write JSON");
	scols_table_enable_json(t, 1);
	scols_table_set_name(t, name);
	return print(out, t, err);
}
