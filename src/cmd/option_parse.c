/* SPDX-License-Identifier: Apache-2.0 */
/* The walk over argv: which word belongs to which row. */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "base/vec.h"
#include "cmd/option.h"

struct walk {
	const struct option_table *tables;
	size_t n_tables;
	const struct option_table *args;
	char **at; /* the next word; NULL-terminated as argv is */
	char **end;
	size_t n_args; /* arguments taken so far */
	bool ended;    /* a row with `ends` was met */
};

/* A row and the config it belongs to. */
struct match {
	const struct option_row *row;
	void *cfg;
};

static bool row_is(const struct option_row *row, const char *name, size_t len)
{
	return strlen(row->name) == len && memcmp(row->name, name, len) == 0;
}

/* By long name (len > 0) or by letter. */
static bool find_row(const struct walk *w, const char *name, size_t len, char letter, struct match *ret)
{
	for (size_t t = 0; t < w->n_tables; t++) {
		for (size_t i = 0; i < w->tables[t].n; i++) {
			const struct option_row *row = &w->tables[t].rows[i];

			if (len ? row_is(row, name, len) : row->letter && row->letter == letter) {
				*ret = (struct match){ .row = row, .cfg = w->tables[t].cfg };
				return true;
			}
		}
	}
	return false;
}

static int unknown_option(const struct walk *w, const char *word, size_t len, struct err *err)
{
	VEC(const char *) names = { 0 };
	AUTO_FREE char *name = xstrndup(word + 2, len);
	const char *near;

	for (size_t t = 0; t < w->n_tables; t++)
		for (size_t i = 0; i < w->tables[t].n; i++)
			*vec_add(&names) = w->tables[t].rows[i].name;
	near = text_nearest(name, names.at, names.n);
	vec_free(&names);
	if (near)
		return err_set(err, -EINVAL, "there is no option --%.100s; did you mean --%s?", name, near);
	return err_set(err, -EINVAL, "there is no option --%.100s", name);
}

static void *field_of(struct match m)
{
	return (char *) m.cfg + m.row->offset;
}

static int store(struct walk *w, struct match m, const char *label, const char *value, struct err *err)
{
	int r;

	if (!m.row->parse) {
		if (value)
			return err_set(err, -EINVAL, "the option %s takes no value", label);
		*(bool *) field_of(m) = m.row->flag_value;
		w->ended = w->ended || m.row->ends;
		return 0;
	}
	if (!value && w->at == w->end)
		return err_set(err, -EINVAL, "the option %s needs a value: %s", label, option_arg(m.row));
	if (!value)
		value = *w->at++;
	r = m.row->parse(m.row, value, field_of(m), err);
	return r < 0 ? err_in(err, "%s %.100s", label, value) : 0;
}

static int take_long(struct walk *w, const char *word, struct err *err)
{
	size_t len = strcspn(word + 2, "=");
	AUTO_FREE char *label = xstrndup(word, len + 2);
	struct match m;

	if (!find_row(w, word + 2, len, '\0', &m))
		return unknown_option(w, word, len, err);
	return store(w, m, label, word[2 + len] ? word + 3 + len : NULL, err);
}

/* "-v", "-vq", "-ovalue", "-o value". */
static int take_short(struct walk *w, const char *word, struct err *err)
{
	int r = 0;

	for (const char *p = word + 1; *p && r == 0 && !w->ended; p++) {
		const char label[3] = { '-', *p, '\0' };
		struct match m;

		if (!find_row(w, NULL, 0, *p, &m))
			return err_set(err, -EINVAL, "there is no option %s", label);
		if (m.row->parse)
			return store(w, m, label, p[1] ? p + 1 : NULL, err);
		r = store(w, m, label, NULL, err);
	}
	return r;
}

/* The last row with `rest` takes this word and all behind it. */
static void take_rest(struct walk *w, struct match m)
{
	struct words *words = field_of(m);

	w->at--;
	words->at = (const char *const *) w->at;
	words->n = (size_t) (w->end - w->at);
	w->at = w->end;
}

static int take_arg(struct walk *w, const char *word, struct err *err)
{
	struct match m = { .cfg = w->args->cfg };
	int r;

	if (w->n_args >= w->args->n)
		return err_set(err, -EINVAL, "the argument \"%.100s\" is one too many", word);
	m.row = &w->args->rows[w->n_args++];
	if (m.row->rest) {
		take_rest(w, m);
		return 0;
	}
	r = m.row->parse(m.row, word, field_of(m), err);
	return r < 0 ? err_in(err, "%s \"%.100s\"", m.row->name, word) : 0;
}

static int check_missing(const struct walk *w, struct err *err)
{
	const struct option_row *row;
	struct sink what = { 0 };
	size_t n;

	if (w->ended || w->n_args >= w->args->n)
		return 0;
	row = &w->args->rows[w->n_args];
	if (row->optional)
		return 0;
	sink_put(&what, row->help);
	if (option_choices(row, &n) && n) {
		sink_put(&what, ", ");
		option_choices_text(row, &what);
	}
	err_set(err, -EINVAL, "the argument %s is missing: %s", row->name, what.text);
	sink_free(&what);
	return -EINVAL;
}

int options_parse(const struct option_table *tables, size_t n_tables, const struct option_table *args, int argc, char **argv,
		  struct err *err)
{
	struct walk w = { .tables = tables, .n_tables = n_tables, .args = args, .at = argv, .end = argv + argc };
	bool only_args = false;
	int r = 0;

	while (r == 0 && w.at < w.end && !w.ended) {
		const char *word = *w.at++;

		if (only_args || word[0] != '-' || !word[1]) /* "-" alone is a name: standard input */
			r = take_arg(&w, word, err);
		else if (text_eq(word, "--"))
			only_args = true;
		else
			r = word[1] == '-' ? take_long(&w, word, err) : take_short(&w, word, err);
	}
	return r < 0 ? r : check_missing(&w, err);
}
