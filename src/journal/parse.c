/* SPDX-License-Identifier: Apache-2.0 */
/* A whole journal as text: what a dead run has left, maybe cut in the middle of a line. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/jsonx.h"
#include "base/text.h"
#include "journal/entry.h"

static struct entry *find_seq(struct journal_text *t, uint64_t seq)
{
	for (size_t i = t->entries.n; i-- > 0;) {
		if (t->entries.at[i].seq == seq)
			return &t->entries.at[i];
	}
	return NULL;
}

/* {"left":N,"value":..} and its like: what became known of an entry later. */
static char **noted(struct entry *e, const char *member)
{
	if (text_eq(member, "left"))
		return &e->left;
	return text_eq(member, "followed") ? &e->followed : &e->goal;
}

static bool apply_note(struct journal_text *t, const json_t *o, const char *member)
{
	const char *value;
	struct entry *e;
	uint64_t seq;

	if (jx_u64(o, member, &seq, NULL) < 0 || jx_str(o, "value", &value, NULL) < 0)
		return false;
	e = find_seq(t, seq);
	if (!e)
		return false;
	free(*noted(e, member));
	*noted(e, member) = xstrdup(value);
	return true;
}

static bool apply_undone(struct journal_text *t, const json_t *o)
{
	const char *how = "";
	struct entry *e;
	uint64_t seq;

	if (jx_u64(o, "undone", &seq, NULL) < 0 || jx_opt_str(o, "how", &how, NULL) < 0)
		return false;
	e = find_seq(t, seq);
	if (!e)
		return false;
	e->settled = true;
	e->foreign = text_eq(how, "foreign");
	return true;
}

static bool apply_done(struct journal_text *t, const json_t *o)
{
	uint64_t seq;

	if (jx_u64(o, "done", &seq, NULL) < 0)
		return false;
	for (size_t i = 0; i < t->entries.n; i++)
		t->entries.at[i].done = t->entries.at[i].done || t->entries.at[i].seq <= seq;
	return true;
}

static const char *const notes[] = { "left", "followed", "goal" };

static bool apply_line(struct journal_text *t, const char *line, size_t len)
{
	AUTO_JSON json_t *o = NULL;
	struct err err = { 0 };
	struct entry e;

	if (jx_parse(line, len, "the journal", &o, &err) < 0 || !json_is_object(o))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(notes); i++) {
		if (json_object_get(o, notes[i]))
			return apply_note(t, o, notes[i]);
	}
	if (json_object_get(o, "done"))
		return apply_done(t, o);
	if (json_object_get(o, "undone"))
		return apply_undone(t, o);
	if (entry_parse(o, &e, &err) < 0)
		return false;
	if (t->entries.n && e.seq <= t->entries.at[t->entries.n - 1].seq) {
		entry_free(&e);
		return false;
	}
	*vec_add(&t->entries) = e;
	return true;
}

static int parse_head(const char *text, size_t len, struct journal_head *ret, struct err *err)
{
	AUTO_JSON json_t *o = NULL;
	int r = jx_parse(text, len, "the first line", &o, err);

	return r < 0 ? r : head_parse(o, ret, err);
}

int journal_text_parse(const char *text, size_t len, struct journal_text *ret, struct err *err)
{
	const char *at = text, *end = text + len, *newline = memchr(text, '\n', len);
	struct journal_text t = { 0 };
	int r;

	if (!newline)
		return err_set(err, -EINVAL, "the journal has no whole first line");
	r = parse_head(text, (size_t) (newline - text), &t.head, err);
	if (r < 0)
		return r;
	for (at = newline + 1; (newline = memchr(at, '\n', (size_t) (end - at))); at = newline + 1) {
		if (!apply_line(&t, at, (size_t) (newline - at)))
			t.damaged++;
	}
	t.whole = (size_t) (at - text);
	*ret = t;
	return 0;
}

void journal_text_free(struct journal_text *t)
{
	for (size_t i = 0; i < t->entries.n; i++)
		entry_free(&t->entries.at[i]);
	vec_free(&t->entries);
}
