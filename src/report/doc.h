/* SPDX-License-Identifier: Apache-2.0 */
/*
 * doc - a report as a list of blocks, composed once and rendered twice: as a
 * web page and as text for a terminal, so that the two cannot say different
 * things.  All texts are plain and owned by the doc; renderers escape them.
 */
#ifndef REPORT_DOC_H
#define REPORT_DOC_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/sink.h"
#include "base/vec.h"
#include "report/format.h"

enum tone { TONE_PLAIN, TONE_GOOD, TONE_BAD, TONE_FLAT, TONE_WARN };

struct cell {
	char *text, *sub; /* sub: a second, quieter line; NULL = none */
	enum tone tone;
};

struct column {
	const char *title;
	bool number; /* right-aligned */
	bool prose;  /* long text: may be wrapped */
	bool code;   /* a name or value of the system: may be wrapped */
	bool below;  /* on a terminal, where width is dear: under the column before */
};

struct table {
	char *caption;
	const struct column *columns; /* static */
	size_t n_columns;
	bool grouped;           /* an empty first cell continues the one above */
	VEC(struct cell) cells; /* row by row, n_columns each */
};

struct card {
	char *title, *chip;   /* chip: a word about how it was measured; NULL */
	char *big, *of;       /* the figure, and what it is a figure of */
	char *verdict, *text; /* text: the finding, under the card's title */
	char *sentence;       /* the same for a reader without cards: names the SUT itself */
	enum tone tone;
};

struct figure {
	char *title, *sub, *svg;
};

enum block_kind {
	DOC_SECTION,
	DOC_PARA,
	DOC_NOTE,
	DOC_ITEM,
	DOC_PAIR,
	DOC_PRE,
	DOC_HEADING,
	DOC_TABLE,
	DOC_CARD,
	DOC_FIGURE,
	DOC_KEY
};

struct block {
	enum block_kind kind;
	const char *id;    /* of a section: static, its anchor */
	char *name, *text; /* section: name = short title for the contents, text = title; pair: both */
	const char *url;   /* para: a source, static; NULL */
	struct table table;
	struct card card;
	struct figure figure;
};

struct doc {
	enum script script;
	char *title, *kicker;
	VEC(char *) facts; /* the few that stand under the title */
	VEC(struct block) blocks;
	char *footer;
};

void doc_free(struct doc *d);
void doc_fact(struct doc *d, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void doc_section(struct doc *d, const char *id, const char *name, const char *title);
void doc_para(struct doc *d, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void doc_source(struct doc *d, const char *url, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
void doc_note(struct doc *d, const char *fmt, ...) __attribute__((format(printf, 2, 3))); /* must not be overlooked */
void doc_item(struct doc *d, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void doc_heading(struct doc *d, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void doc_pair(struct doc *d, const char *name, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
void doc_pre(struct doc *d, const char *text);
void doc_key(struct doc *d); /* what the marks of the interval plot mean; pictures only */
void doc_figure(struct doc *d, const char *title, const char *sub, struct sink *svg); /* takes the sink's text */
struct card *doc_card(struct doc *d); /* to be filled; valid until the next block */
struct table *doc_table(struct doc *d, const struct column *columns, size_t n, const char *fmt, ...)
	__attribute__((format(printf, 4, 5))); /* valid until the next block */

void table_cell(struct table *t, enum tone tone, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
void table_sub(struct table *t, const char *fmt, ...) __attribute__((format(printf, 2, 3))); /* of the last cell */
size_t table_rows(const struct table *t);

/* Renderers. */
void doc_html(const struct doc *d, struct sink *out);

struct text_options {
	unsigned width; /* columns; 0 = do not wrap */
	bool color;
};
int doc_text(const struct doc *d, struct sink *out, const struct text_options *o, struct err *err);

#endif
