/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The report for a terminal.  Tables by libsmartcols.  Texts may come from a
 * results folder that somebody else made: whatever could steer a terminal is
 * left out.
 */
#include <errno.h>
#include <libsmartcols.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "report/doc.h"

static const char *const tone_color[] = {
	[TONE_PLAIN] = NULL, [TONE_GOOD] = "green", [TONE_BAD] = "red", [TONE_FLAT] = NULL, [TONE_WARN] = "brown",
};

/* C0, DEL and C1 (U+0080..U+009F) control characters begin escape sequences; a newline is a blank here. */
static void put_safe(struct sink *out, const char *text)
{
	for (const unsigned char *p = (const unsigned char *) text; *p; p++) {
		if (*p == '\n' || *p == '\t')
			sink_char(out, ' ');
		else if (p[0] == 0xc2 && p[1] >= 0x80 && p[1] <= 0x9f)
			p++;
		else if (*p >= 0x20 && *p != 0x7f)
			sink_char(out, (char) *p);
	}
}

static size_t letters(const char *text, size_t n)
{
	size_t count = 0;

	for (size_t i = 0; i < n; i++)
		count += ((unsigned char) text[i] & 0xc0) != 0x80;
	return count;
}

/* A word; with the unit behind it when it ends in a digit, since "95" at the end of a line and "%" on the next is hard to read.
 */
static size_t word_length(const char *p)
{
	static const char *const units[] = { "%", "ns", "us", "ms", "s", "Mbit/s", "Gbit/s" };
	size_t n = strcspn(p, " "), unit;

	if (n == 0 || p[n - 1] < '0' || p[n - 1] > '9' || p[n] != ' ')
		return n;
	unit = strcspn(p + n + 1, " ,.;:)");
	for (size_t i = 0; i < ARRAY_SIZE(units); i++)
		if (strlen(units[i]) == unit && strncmp(p + n + 1, units[i], unit) == 0)
			return n + 1 + strcspn(p + n + 1, " ");
	return n;
}

/* Words, broken before `width` letters; the first line begins with `first`, the others with `rest`. */
static void put_wrapped(struct sink *out, const char *first, const char *rest, const char *text, unsigned width)
{
	struct sink safe = { 0 };
	size_t column = strlen(first);
	bool blank = true;

	put_safe(&safe, text);
	sink_put(out, first);
	for (const char *p = safe.text; p && *p;) {
		size_t n = word_length(p), wide = letters(p, n);

		if (n > 0 && width && !blank && column + 1 + wide > width) {
			sink_char(out, '\n');
			sink_put(out, rest);
			column = strlen(rest);
			blank = true;
		}
		if (n > 0) {
			if (!blank)
				sink_char(out, ' ');
			sink_putn(out, p, n);
			column += wide + !blank;
			blank = false;
		}
		p += n + strspn(p + n, " ");
	}
	sink_char(out, '\n');
	sink_free(&safe);
}

static void put_title(struct sink *out, const char *text, char line, const struct text_options *o)
{
	struct sink safe = { 0 };

	put_safe(&safe, text);
	sink_printf(out, "%s%s%s\n", o->color ? "\033[1m" : "", safe.text ? safe.text : "", o->color ? "\033[0m" : "");
	for (size_t i = letters(safe.text ? safe.text : "", safe.len); i > 0; i--)
		sink_char(out, line);
	sink_char(out, '\n');
	sink_free(&safe);
}

/*
 * Tables.  libsmartcols breaks long cells between any two letters, so cells
 * are broken at words here, and it only aligns what it is given: every column
 * is as wide as its longest line.  Columns marked `below` share one with the
 * column before them, line under line.
 */
struct layout {
	const struct table *t;
	VEC(struct slot) slots; /* columns on the terminal */
};

struct slot {
	size_t first, n;       /* columns of the table */
	size_t natural, width; /* letters: of the longest line, and what it gets */
	bool flexible;
};

static size_t longest_line(const char *text)
{
	size_t most = 0;

	for (const char *p = text; *p;) {
		size_t n = strcspn(p, "\n"), wide = letters(p, n);

		most = wide > most ? wide : most;
		p += n + (p[n] == '\n');
	}
	return most;
}

static const struct cell *cell_at(const struct table *t, size_t row, size_t column)
{
	return &t->cells.at[row * t->n_columns + column];
}

/* Does this row continue the group of the one above? */
static bool continues(const struct table *t, size_t row)
{
	return t->grouped && row > 0 && row < table_rows(t) && !*cell_at(t, row, 0)->text;
}

/* The second line of a group's name goes to its second row, where there is one: no line is lost to it. */
static void label_lines(const struct table *t, size_t row, const char *lines[2])
{
	if (continues(t, row))
		lines[0] = continues(t, row - 1) ? NULL : cell_at(t, row - 1, 0)->sub;
	else if (continues(t, row + 1))
		lines[1] = NULL;
}

/* All lines of a slot in one row; row = table_rows(): the headings. */
static char *slot_text(const struct table *t, const struct slot *slot, size_t row)
{
	struct sink s = { 0 };

	for (size_t i = slot->first; i < slot->first + slot->n; i++) {
		const struct cell *c = row < table_rows(t) ? cell_at(t, row, i) : NULL;
		const char *lines[] = { c ? c->text : t->columns[i].title, c ? c->sub : NULL };

		if (i == 0 && c)
			label_lines(t, row, lines);
		for (size_t k = 0; k < ARRAY_SIZE(lines); k++) {
			if (!lines[k] || !*lines[k])
				continue;
			if (s.len)
				sink_char(&s, '\n');
			put_safe(&s, lines[k]);
		}
	}
	return s.text ? s.text : xstrdup("");
}

static void lay_out(struct layout *l, const struct table *t, unsigned width)
{
	size_t fixed = 0, wanted = 0;

	l->t = t;
	for (size_t i = 0; i < t->n_columns; i++) {
		struct slot *slot = i > 0 && t->columns[i].below ? &l->slots.at[l->slots.n - 1] : vec_add(&l->slots);

		if (slot->n++ == 0)
			slot->first = i;
		slot->flexible = slot->flexible || t->columns[i].prose || t->columns[i].code;
	}
	for (size_t i = 0; i < l->slots.n; i++) {
		struct slot *slot = &l->slots.at[i];

		for (size_t row = 0; row <= table_rows(t); row++) {
			AUTO_FREE char *text = slot_text(t, slot, row);
			size_t n = longest_line(text);

			slot->natural = n > slot->natural ? n : slot->natural;
		}
		slot->width = slot->natural;
		*(slot->flexible ? &wanted : &fixed) += slot->natural;
	}
	fixed += 2 * (l->slots.n - 1);
	for (size_t i = 0; i < l->slots.n && width && fixed + wanted > width; i++) {
		struct slot *slot = &l->slots.at[i];
		size_t share = width > fixed ? (width - fixed) * slot->natural / wanted : 0;

		if (slot->flexible)
			slot->width = share > 16 ? share : slot->natural < 16 ? slot->natural : 16;
	}
}

/* libsmartcols aligns only the first of several lines, so numbers are padded here. */
static char *pad_left(const char *text, size_t width)
{
	struct sink s = { 0 };

	for (const char *p = text; *p;) {
		size_t n = strcspn(p, "\n");

		for (size_t wide = letters(p, n); wide < width; wide++)
			sink_char(&s, ' ');
		sink_putn(&s, p, n + (p[n] == '\n'));
		p += n + (p[n] == '\n');
	}
	return s.text ? s.text : xstrdup("");
}

/* Break lines at blanks, words longer than the width anywhere. */
static char *break_lines(const char *text, size_t width)
{
	struct sink s = { 0 };
	size_t column = 0;

	for (const char *p = text; *p;) {
		size_t n = strcspn(p, " \n"), wide = letters(p, n);

		if (column > 0 && column + 1 + wide > width) {
			sink_char(&s, '\n');
			column = 0;
		}
		if (column > 0 && n > 0) {
			sink_char(&s, ' ');
			column++;
		}
		while (wide > width && width > 0) {
			size_t cut = strlen(p) < width ? strlen(p) : width;

			while (cut < n && ((unsigned char) p[cut] & 0xc0) == 0x80)
				cut++;
			sink_putn(&s, p, cut);
			sink_char(&s, '\n');
			p += cut;
			n -= cut;
			wide = letters(p, n);
		}
		sink_putn(&s, p, n);
		column += wide;
		p += n;
		if (*p == '\n') {
			sink_char(&s, '\n');
			column = 0;
		}
		p += *p != '\0';
	}
	return s.text ? s.text : xstrdup("");
}

static int add_columns(struct libscols_table *table, const struct layout *l)
{
	for (size_t i = 0; i < l->slots.n; i++) {
		const struct slot *slot = &l->slots.at[i];
		AUTO_FREE char *title = slot_text(l->t, slot, table_rows(l->t));
		int flags = SCOLS_FL_WRAP | (l->t->columns[slot->first].number ? SCOLS_FL_RIGHT : 0);
		struct libscols_column *c = scols_table_new_column(table, "", 0, flags);

		for (char *p = title; (p = strchr(p, '\n'));)
			*p = '/';
		if (!c || scols_cell_set_data(scols_column_get_header(c), title) < 0)
			return -ENOMEM;
		scols_column_set_wrapfunc(c, scols_wrapnl_chunksize, scols_wrapnl_nextchunk, NULL);
		scols_column_set_safechars(c, "\n");
	}
	return 0;
}

static enum tone slot_tone(const struct layout *l, const struct slot *slot, size_t row)
{
	enum tone tone = TONE_PLAIN;

	for (size_t i = slot->first; i < slot->first + slot->n && tone == TONE_PLAIN; i++)
		tone = cell_at(l->t, row, i)->tone;
	return tone;
}

static int add_rows(struct libscols_table *table, const struct layout *l)
{
	for (size_t row = 0; row < table_rows(l->t); row++) {
		struct libscols_line *line = scols_table_new_line(table, NULL);

		if (!line)
			return -ENOMEM;
		for (size_t i = 0; i < l->slots.n; i++) {
			const struct slot *slot = &l->slots.at[i];
			AUTO_FREE char *text = slot_text(l->t, slot, row);
			bool number = l->t->columns[slot->first].number;
			AUTO_FREE char *lines = number ? pad_left(text, slot->width) : break_lines(text, slot->width);
			const char *color = tone_color[slot_tone(l, slot, row)];
			int r = scols_line_set_data(line, i, lines);

			if (r < 0)
				return r;
			if (color)
				scols_cell_set_color(scols_line_get_cell(line, i), color);
		}
	}
	return 0;
}

static void unref_table(struct libscols_table **t)
{
	scols_unref_table(*t);
}

/* Lines padded with blanks to the last column are cut: they wrap on narrow terminals and differ in files. */
static void put_trimmed(struct sink *out, const char *text)
{
	while (*text) {
		size_t n = strcspn(text, "\n"), keep = n;

		while (keep > 0 && text[keep - 1] == ' ')
			keep--;
		sink_putn(out, text, keep);
		sink_char(out, '\n');
		text += n + (text[n] == '\n');
	}
}

static int put_table(struct sink *out, const struct table *t, const struct text_options *o, struct err *err)
{
	AUTO(unref_table) struct libscols_table *table = scols_new_table();
	AUTO_FREE char *text = NULL;
	struct layout l = { 0 };
	int r = table ? 0 : -ENOMEM;

	put_wrapped(out, "", "", t->caption, o->width);
	if (r >= 0) {
		scols_table_set_termforce(table, SCOLS_TERMFORCE_ALWAYS);
		scols_table_set_termwidth(table, 10000); /* nothing is left for it to squeeze */
		scols_table_set_column_separator(table, "  ");
		scols_table_enable_colors(table, o->color);
		lay_out(&l, t, o->width);
		r = add_columns(table, &l);
	}
	if (r >= 0)
		r = add_rows(table, &l);
	if (r >= 0)
		r = scols_print_table_to_string(table, &text);
	vec_free(&l.slots);
	if (r < 0)
		return err_sys(err, r, "cannot lay out the table \"%.80s\"", t->caption);
	if (text)
		put_trimmed(out, text);
	return 0;
}

static void put_pre(struct sink *out, const char *text)
{
	while (*text) {
		size_t n = strcspn(text, "\n");
		AUTO_FREE char *line = xstrndup(text, n);

		sink_put(out, "    ");
		put_safe(out, line);
		sink_char(out, '\n');
		text += n + (text[n] == '\n');
	}
}

static int put_block(struct sink *out, const struct block *b, const struct text_options *o, struct err *err)
{
	switch (b->kind) {
	case DOC_SECTION:
		put_title(out, b->text, '-', o);
		break;
	case DOC_PARA:
		put_wrapped(out, "", "", b->text, o->width);
		if (b->url)
			sink_printf(out, "%s\n", b->url);
		break;
	case DOC_NOTE:
		put_wrapped(out, "! ", "  ", b->text, o->width);
		break;
	case DOC_ITEM:
		put_wrapped(out, "- ", "  ", b->text, o->width);
		break;
	case DOC_PAIR: {
		AUTO_FREE char *pair = xprintf("%s: %s", b->name, b->text);

		put_wrapped(out, "", "    ", pair, o->width);
		break;
	}
	case DOC_PRE:
		put_pre(out, b->text);
		break;
	case DOC_HEADING:
		put_wrapped(out, "", "", b->text, o->width);
		break;
	case DOC_TABLE:
		return put_table(out, &b->table, o, err);
	case DOC_CARD:
		put_wrapped(out, "", "  ", b->card.sentence, o->width);
		break;
	case DOC_FIGURE:
	case DOC_KEY:
		break; /* only web pages are composed with pictures */
	}
	return 0;
}

/* Notes, items and pairs stand together; everything else is set off by an empty line. */
static bool stands_apart(enum block_kind kind, enum block_kind before)
{
	return kind != before || (kind != DOC_NOTE && kind != DOC_ITEM && kind != DOC_PAIR);
}

int doc_text(const struct doc *d, struct sink *out, const struct text_options *o, struct err *err)
{
	enum block_kind before = DOC_SECTION;

	if (d->title)
		put_title(out, d->title, '=', o);
	for (size_t i = 0; i < d->facts.n; i++)
		put_wrapped(out, "", "", d->facts.at[i], o->width);
	for (size_t i = 0; i < d->blocks.n; i++) {
		const struct block *b = &d->blocks.at[i];
		int r;

		if (stands_apart(b->kind, before))
			sink_char(out, '\n');
		r = put_block(out, b, o, err);
		if (r < 0)
			return r;
		before = b->kind;
	}
	if (d->footer) {
		sink_char(out, '\n');
		put_wrapped(out, "", "", d->footer, o->width);
	}
	return 0;
}
