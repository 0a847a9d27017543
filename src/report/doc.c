/* SPDX-License-Identifier: Apache-2.0 */
#include "report/doc.h"

#include <stdarg.h>
#include <stdlib.h>

#include "base/cleanup.h"

/* The text of a printf, owned by the caller. */
#define FORMATTED(fmt)                                                                                                           \
	__extension__({                                                                                                          \
		struct sink text_ = { 0 };                                                                                       \
		va_list ap_;                                                                                                     \
                                                                                                                                 \
		va_start(ap_, fmt);                                                                                              \
		sink_vprintf(&text_, fmt, ap_);                                                                                  \
		va_end(ap_);                                                                                                     \
		text_.text;                                                                                                      \
	})

static struct block *add(struct doc *d, enum block_kind kind, char *text)
{
	struct block *b = vec_add(&d->blocks);

	b->kind = kind;
	b->text = text;
	return b;
}

void doc_fact(struct doc *d, const char *fmt, ...)
{
	*vec_add(&d->facts) = FORMATTED(fmt);
}

void doc_section(struct doc *d, const char *id, const char *name, const char *title)
{
	struct block *b = add(d, DOC_SECTION, xstrdup(title));

	b->id = id;
	b->name = xstrdup(name);
}

void doc_para(struct doc *d, const char *fmt, ...)
{
	add(d, DOC_PARA, FORMATTED(fmt));
}

void doc_source(struct doc *d, const char *url, const char *fmt, ...)
{
	add(d, DOC_PARA, FORMATTED(fmt))->url = url;
}

void doc_note(struct doc *d, const char *fmt, ...)
{
	add(d, DOC_NOTE, FORMATTED(fmt));
}

void doc_item(struct doc *d, const char *fmt, ...)
{
	add(d, DOC_ITEM, FORMATTED(fmt));
}

void doc_heading(struct doc *d, const char *fmt, ...)
{
	add(d, DOC_HEADING, FORMATTED(fmt));
}

void doc_pair(struct doc *d, const char *name, const char *fmt, ...)
{
	add(d, DOC_PAIR, FORMATTED(fmt))->name = xstrdup(name);
}

void doc_pre(struct doc *d, const char *text)
{
	add(d, DOC_PRE, xstrdup(text));
}

void doc_key(struct doc *d)
{
	add(d, DOC_KEY, NULL);
}

void doc_figure(struct doc *d, const char *title, const char *sub, struct sink *svg)
{
	struct block *b = add(d, DOC_FIGURE, NULL);

	b->figure = (struct figure){ .title = xstrdup(title), .sub = xstrdup(sub), .svg = TAKE(svg->text) };
	sink_free(svg);
}

struct card *doc_card(struct doc *d)
{
	return &add(d, DOC_CARD, NULL)->card;
}

struct table *doc_table(struct doc *d, const struct column *columns, size_t n, const char *fmt, ...)
{
	struct block *b = add(d, DOC_TABLE, NULL);

	b->table = (struct table){ .caption = FORMATTED(fmt), .columns = columns, .n_columns = n };
	return &b->table;
}

void table_cell(struct table *t, enum tone tone, const char *fmt, ...)
{
	*vec_add(&t->cells) = (struct cell){ .text = FORMATTED(fmt), .tone = tone };
}

void table_sub(struct table *t, const char *fmt, ...)
{
	t->cells.at[t->cells.n - 1].sub = FORMATTED(fmt);
}

size_t table_rows(const struct table *t)
{
	return t->n_columns ? t->cells.n / t->n_columns : 0;
}

static void table_free(struct table *t)
{
	for (size_t i = 0; i < t->cells.n; i++) {
		free(t->cells.at[i].text);
		free(t->cells.at[i].sub);
	}
	vec_free(&t->cells);
	free(t->caption);
}

static void card_free(struct card *c)
{
	free(c->title);
	free(c->chip);
	free(c->big);
	free(c->of);
	free(c->verdict);
	free(c->text);
	free(c->sentence);
}

static void block_free(struct block *b)
{
	free(b->name);
	free(b->text);
	table_free(&b->table);
	card_free(&b->card);
	free(b->figure.title);
	free(b->figure.sub);
	free(b->figure.svg);
}

void doc_free(struct doc *d)
{
	for (size_t i = 0; i < d->blocks.n; i++)
		block_free(&d->blocks.at[i]);
	vec_free(&d->blocks);
	for (size_t i = 0; i < d->facts.n; i++)
		free(d->facts.at[i]);
	vec_free(&d->facts);
	free(d->title);
	free(d->kicker);
	free(d->footer);
	*d = (struct doc){ 0 };
}
