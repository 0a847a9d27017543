/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The web page: one file, nothing loaded from anywhere, no script.  All text
 * goes through sink_xml(); the only raw HTML is what stands here and the SVG
 * that the plots built by the same rule.
 */
#include "report/doc.h"

#include <string.h>

#include "base/cleanup.h"

static const char style[] =
#include "report_css.inc"
	;

static const char *const tone_class[] = {
	[TONE_PLAIN] = "", [TONE_GOOD] = "good", [TONE_BAD] = "bad", [TONE_FLAT] = "flat", [TONE_WARN] = "warn",
};

/* A verdict is told by a sign and a word besides its colour. */
static const char *const tone_sign[] = {
	[TONE_PLAIN] = "", [TONE_GOOD] = "\xe2\x9c\x93 ", [TONE_BAD] = "\xe2\x9c\x95 ", [TONE_FLAT] = "", [TONE_WARN] = "! ",
};

/* Escaped, and with no line break between a number and its percent sign. */
static void put_text(struct sink *out, const char *text)
{
	const char *from = text;

	for (const char *p = text; (p = strstr(p, " %")); p += 2) {
		AUTO_FREE char *before = NULL;

		if (p == text || p[-1] < '0' || p[-1] > '9')
			continue;
		before = xstrndup(from, (size_t) (p - from));
		sink_xml(out, before);
		sink_put(out, "\xc2\xa0%");
		from = p + 2;
	}
	sink_xml(out, from);
}

static void element(struct sink *out, const char *open, const char *text, const char *close)
{
	sink_put(out, open);
	put_text(out, text);
	sink_put(out, close);
}

static void put_chip(struct sink *out, enum tone tone, const char *text)
{
	sink_printf(out, "<span class=\"chip %s\"><span aria-hidden=\"true\">%s</span>", tone_class[tone], tone_sign[tone]);
	put_text(out, text);
	sink_put(out, "</span>");
}

/* Some cell: a verdict is a chip, a name of the system is code, a number is right-aligned. */
static void put_cell(struct sink *out, const struct column *col, const struct cell *c)
{
	const char *classes = col->number ? " class=\"n\"" : col->prose ? " class=\"why\"" : col->code ? " class=\"val\"" : "";

	sink_printf(out, "<td%s>", classes);
	if (c->tone != TONE_PLAIN && !col->number)
		put_chip(out, c->tone, c->text);
	else if (col->code)
		element(out, "<code>", c->text, "</code>");
	else
		put_text(out, c->text);
	if (c->sub)
		element(out, "<span class=\"range\">", c->sub, "</span>");
	sink_put(out, "</td>");
}

/* A group's name has a row of its own: beside the rows it would cost a column, which a phone does not have. */
static void put_group(struct sink *out, const struct table *t, const struct cell *name)
{
	sink_printf(out, "<tr class=\"group\"><th scope=\"rowgroup\" colspan=\"%zu\"><span class=\"stay\">", t->n_columns - 1);
	sink_xml(out, name->text);
	if (name->sub)
		element(out, "<span class=\"range\">", name->sub, "</span>");
	sink_put(out, "</span></th></tr>\n");
}

static void put_row(struct sink *out, const struct table *t, size_t row)
{
	const struct cell *cells = &t->cells.at[row * t->n_columns];
	size_t first = t->grouped;

	sink_put(out, "<tr><th scope=\"row\">");
	element(out, t->columns[first].code ? "<code>" : "", cells[first].text, t->columns[first].code ? "</code>" : "");
	if (cells[first].sub)
		element(out, "<span class=\"range\">", cells[first].sub, "</span>");
	sink_put(out, "</th>");
	for (size_t i = first + 1; i < t->n_columns; i++)
		put_cell(out, &t->columns[i], &cells[i]);
	sink_put(out, "</tr>\n");
}

static void put_table(struct sink *out, const struct table *t)
{
	sink_put(out, "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"");
	element(out, "", t->caption, "\"><table><caption>");
	element(out, "<span class=\"stay\">", t->caption, "</span></caption>\n<thead><tr>");
	for (size_t i = t->grouped; i < t->n_columns; i++) {
		sink_printf(out, "<th scope=\"col\"%s>", t->columns[i].number ? " class=\"n\"" : "");
		element(out, "", t->columns[i].title, "</th>");
	}
	sink_put(out, "</tr></thead>\n");
	for (size_t row = 0; row < table_rows(t); row++) {
		const struct cell *name = &t->cells.at[row * t->n_columns];
		bool group = t->grouped && *name->text;

		if (row == 0 || group)
			sink_put(out, row > 0 ? "</tbody>\n<tbody>\n" : "<tbody>\n");
		if (group)
			put_group(out, t, name);
		put_row(out, t, row);
	}
	sink_put(out, table_rows(t) > 0 ? "</tbody></table></div>\n" : "</table></div>\n");
}

static void put_card(struct sink *out, const struct card *c)
{
	element(out, "<article class=\"answer\"><div class=\"who\"><h3>", c->title, "</h3>");
	put_chip(out, c->tone, c->verdict);
	sink_put(out, "</div>");
	sink_printf(out, "<p class=\"big %s%s\">", tone_class[c->tone], strpbrk(c->big, "0123456789") ? "" : " words");
	element(out, "", c->big, "</p>");
	element(out, "<p class=\"of\">", c->of, "</p>");
	element(out, "<p class=\"say\">", c->text, "</p>");
	if (c->chip)
		element(out, "<p class=\"how\"><span class=\"chip warn\">", c->chip, "</span></p>");
	sink_put(out, "</article>\n");
}

static void put_figure(struct sink *out, const struct figure *f)
{
	element(out, "<figure><figcaption>", f->title, "");
	element(out, " <span class=\"soft\">", f->sub, "</span></figcaption>\n");
	sink_put(out, f->svg ? f->svg : "");
	sink_put(out, "</figure>\n");
}

static void put_key(struct sink *out)
{
	static const struct {
		const char *svg, *text;
	} rows[] = {
		{ "<g class=\"vb\"><line class=\"wh\" x1=\"1\" y1=\"8\" x2=\"23\" y2=\"8\"/><circle class=\"pt\" cx=\"12\" "
		  "cy=\"8\" r=\"5\"/></g>",
		  "better" },
		{ "<g class=\"vw\"><line class=\"wh\" x1=\"1\" y1=\"8\" x2=\"23\" y2=\"8\"/><path class=\"pt\" d=\"M12 2L18 8L12 "
		  "14L6 8Z\"/></g>",
		  "worse" },
		{ "<g class=\"vn\"><line class=\"wh\" x1=\"1\" y1=\"8\" x2=\"23\" y2=\"8\"/><path class=\"pt\" d=\"M8 4L16 4L16 "
		  "12L8 12Z\"/></g>",
		  "no difference" },
		{ "<g class=\"vc\"><line class=\"wh\" x1=\"1\" y1=\"8\" x2=\"23\" y2=\"8\"/><circle class=\"pt\" cx=\"12\" "
		  "cy=\"8\" r=\"5\"/></g>",
		  "cannot tell, or too few blocks" },
		{ "<rect class=\"fl\" x=\"4\" y=\"0\" width=\"16\" height=\"16\"/>", "what two identical arms differ by (A/A)" },
		{ "<path class=\"pb\" d=\"M6 4L18 4L12 14Z\"/>", "published in 2015" },
	};

	sink_put(out, "<ul class=\"key\">");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		sink_printf(out, "<li><svg viewBox=\"0 0 24 16\" aria-hidden=\"true\">%s</svg>%s</li>\n", rows[i].svg,
			    rows[i].text);
	sink_put(out, "</ul>\n");
}

/* What surrounds a run of blocks of one kind. */
static const struct {
	const char *open, *close;
} around[] = {
	[DOC_NOTE] = { "<div class=\"note\" role=\"note\">\n", "</div>\n" },
	[DOC_ITEM] = { "<ul class=\"plain\">\n", "</ul>\n" },
	[DOC_PAIR] = { "<dl class=\"pairs\">\n", "</dl>\n" },
	[DOC_CARD] = { "<div class=\"answers\">\n", "</div>\n" },
	[DOC_FIGURE] = { "<div class=\"figures\">\n", "</div>\n" },
	[DOC_KEY] = { NULL, NULL },
};

static void put_para(struct sink *out, const struct block *b)
{
	element(out, "<p>", b->text, "");
	if (b->url) {
		sink_put(out, " (<a href=\"");
		element(out, "", b->url, "\">source</a>)");
	}
	sink_put(out, "</p>\n");
}

static void put_block(struct sink *out, const struct block *b)
{
	switch (b->kind) {
	case DOC_SECTION:
		sink_printf(out, "<section id=\"%s\" aria-labelledby=\"%s-h\">\n<h2 id=\"%s-h\">", b->id, b->id, b->id);
		element(out, "", b->text, "</h2>\n");
		break;
	case DOC_PARA:
		put_para(out, b);
		break;
	case DOC_NOTE:
		element(out, "<p>", b->text, "</p>\n");
		break;
	case DOC_ITEM:
		element(out, "<li>", b->text, "</li>\n");
		break;
	case DOC_PAIR:
		element(out, "<dt>", b->name, "</dt>");
		element(out, "<dd>", b->text, "</dd>\n");
		break;
	case DOC_PRE:
		element(out, "<pre tabindex=\"0\">", b->text, "</pre>\n");
		break;
	case DOC_HEADING:
		element(out, "<h3 class=\"sub\">", b->text, "</h3>\n");
		break;
	case DOC_TABLE:
		put_table(out, &b->table);
		break;
	case DOC_CARD:
		put_card(out, &b->card);
		break;
	case DOC_FIGURE:
		put_figure(out, &b->figure);
		break;
	case DOC_KEY:
		put_key(out);
		break;
	}
}

static void put_contents(struct sink *out, const struct doc *d)
{
	sink_put(out, "<nav class=\"toc\" aria-label=\"Contents\"><div class=\"wrap\"><ul>\n");
	for (size_t i = 0; i < d->blocks.n; i++) {
		const struct block *b = &d->blocks.at[i];

		if (b->kind != DOC_SECTION)
			continue;
		sink_printf(out, "<li><a href=\"#%s\">", b->id);
		element(out, "", b->name, "</a></li>\n");
	}
	sink_put(out, "</ul></div></nav>\n");
}

static void put_head(struct sink *out, const struct doc *d)
{
	sink_put(out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
		      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
		      "<meta name=\"color-scheme\" content=\"light dark\">\n");
	element(out, "<title>", d->title, "</title>\n<style>\n");
	sink_put(out, style);
	sink_put(out, "</style>\n</head>\n<body>\n<a class=\"skip\" href=\"#answer\">Skip to the answer</a>\n");
	element(out, "<header class=\"top\"><div class=\"wrap\">\n<p class=\"kicker\">", d->kicker, "</p>\n");
	element(out, "<h1>", d->title, "</h1>\n<ul class=\"facts\">");
	for (size_t i = 0; i < d->facts.n; i++)
		element(out, "<li>", d->facts.at[i], "</li>");
	sink_put(out, "</ul>\n</div></header>\n");
}

void doc_html(const struct doc *d, struct sink *out)
{
	bool open = false;

	put_head(out, d);
	put_contents(out, d);
	sink_put(out, "<main class=\"wrap\">\n");
	for (size_t i = 0; i < d->blocks.n; i++) {
		const struct block *b = &d->blocks.at[i];
		bool first = i == 0 || d->blocks.at[i - 1].kind != b->kind;
		bool last = i + 1 == d->blocks.n || d->blocks.at[i + 1].kind != b->kind;

		if (b->kind == DOC_SECTION && open)
			sink_put(out, "</section>\n");
		open = open || b->kind == DOC_SECTION;
		if (first && around[b->kind].open)
			sink_put(out, around[b->kind].open);
		put_block(out, b);
		if (last && around[b->kind].close)
			sink_put(out, around[b->kind].close);
	}
	sink_put(out, open ? "</section>\n</main>\n" : "</main>\n");
	element(out, "<footer><div class=\"wrap\">", d->footer, "</div></footer>\n</body>\n</html>\n");
}
