/* SPDX-License-Identifier: Apache-2.0 */
/*
 * table_out - rows of data as an aligned table or as JSON, by libsmartcols.
 * Columns are data: one array feeds both.
 */
#ifndef CMD_TABLE_OUT_H
#define CMD_TABLE_OUT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/sink.h"
#include "cmd/term.h"

struct column {
	const char *name;       /* heading; also the JSON member, in lower case with '_' */
	bool number;            /* right-aligned; unquoted in JSON */
	bool wrap;              /* may be broken over lines when the terminal is narrow */
	void (*cell)(struct sink *out, const void *row);
	/* NULL: as cell.  Where a person reads "1.2 ms" and JSON wants 1200000. */
	void (*json_cell)(struct sink *out, const void *row);
	enum paint (*paint)(const void *row);   /* NULL = plain */
};

struct table {
	const struct column *columns;
	size_t n_columns;
	const void *rows;
	size_t n_rows, row_size;
};

/* Append the table, wrapped and painted for t. */
int table_text(struct sink *out, const struct table *table, const struct term *t, struct err *err);
/* Append {"name": [{...}, ...]} and a newline. */
int table_json(struct sink *out, const struct table *table, const char *name, struct err *err);

#endif
