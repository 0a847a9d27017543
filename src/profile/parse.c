/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A profile is one YAML mapping of plain keys.  libyaml keeps where each node
 * began, so every complaint can name the line and column of what it is about.
 */
#include "profile/profile.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "base/vec.h"
#include "knob/knob.h"
#include "profile/cpu_expr.h"
#include "profile/internal.h"

enum { MOST_ITEMS = 512, MOST_TEXT = 4096 };

struct reader {
	yaml_document_t doc;
	struct profile *p;
	const char *what;
	struct err *err;
};

static int bad(const struct reader *rd, const yaml_node_t *n, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

static int bad(const struct reader *rd, const yaml_node_t *n, const char *fmt, ...)
{
	char why[400];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	return err_set(rd->err, -EINVAL, "%s: line %zu, column %zu: %s", rd->what, n->start_mark.line + 1,
		       n->start_mark.column + 1, why);
}

static const char *scalar(const yaml_node_t *n)
{
	return (const char *) n->data.scalar.value;
}

static int take_text_of(const struct reader *rd, const yaml_node_t *n, const char *key, char **ret)
{
	if (n->type != YAML_SCALAR_NODE || n->data.scalar.length == 0 || n->data.scalar.length > MOST_TEXT ||
	    strlen(scalar(n)) != n->data.scalar.length)
		return bad(rd, n, "'%s' takes one line of text", key);
	for (const char *c = scalar(n); *c; c++)
		if ((unsigned char) *c < ' ')
			return bad(rd, n, "'%s' takes one line of text", key);
	free(*ret);
	*ret = xstrdup(scalar(n));
	return 0;
}

static int take_name_of(const struct reader *rd, const yaml_node_t *n, const char *key, char **ret)
{
	int r = take_text_of(rd, n, key, ret);

	if (r == 0 && !text_is_name(*ret))
		return bad(rd, n, "\"%.64s\" is no name of a profile: letters, digits, '.', '_' and '-'", *ret);
	return r;
}

static int take_level_of(const struct reader *rd, const yaml_node_t *n, enum level *ret)
{
	AUTO_FREE char *text = NULL;
	int r = take_text_of(rd, n, "level", &text);

	for (unsigned i = 0; r == 0 && i < LEVEL_COUNT; i++)
		if (text_eq(text, level_names[i])) {
			*ret = (enum level) i;
			return 0;
		}
	return r < 0 ? r : bad(rd, n, "\"%.40s\" is no level: safe, standard or extreme", text);
}

static int take_knob(const struct reader *rd, const yaml_node_t *n, char **ret)
{
	int r = take_text_of(rd, n, "a list of knobs", ret);
	const char *ids[256], *near;
	size_t count = 0;

	if (r < 0 || knob_find(*ret))
		return r;
	for (; count < knob_count && count < ARRAY_SIZE(ids); count++)
		ids[count] = knob_table[count]->id;
	near = text_nearest(*ret, ids, count);
	return bad(rd, n, "there is no knob \"%.60s\"%s%s%s", *ret, near ? "; did you mean " : "", near ? near : "",
		   near ? "?" : "");
}

typedef void add_knob_fn(struct profile *p, char *id, enum level level);

/* A list of knob ids, each given to add, which owns it. */
static int take_knobs(const struct reader *rd, const yaml_node_t *n, const char *key, enum level level, add_knob_fn *add)
{
	const yaml_document_t *doc = &rd->doc;

	if (n->type != YAML_SEQUENCE_NODE || n->data.sequence.items.top - n->data.sequence.items.start > MOST_ITEMS)
		return bad(rd, n, "'%s' takes a list of knobs, such as [mem.ksm, mem.swap]", key);
	for (const yaml_node_item_t *i = n->data.sequence.items.start; i < n->data.sequence.items.top; i++) {
		AUTO_FREE char *id = NULL;
		int r = take_knob(rd, yaml_document_get_node((yaml_document_t *) doc, *i), &id);

		if (r < 0)
			return r;
		add(rd->p, TAKE(id), level);
	}
	return 0;
}

static void add_skip(struct profile *p, char *id, enum level level)
{
	(void) level;
	profile_add_word(&p->skip, &p->n_skip, id);
}

static void add_insecure(struct profile *p, char *id, enum level level)
{
	(void) level;
	profile_add_word(&p->insecure, &p->n_insecure, id);
}

static int read_levels(const struct reader *rd, const yaml_node_t *n)
{
	unsigned seen = 0;

	if (n->type != YAML_MAPPING_NODE)
		return bad(rd, n, "'levels' takes safe:, standard: or extreme: with a list of knobs each");
	for (const yaml_node_pair_t *i = n->data.mapping.pairs.start; i < n->data.mapping.pairs.top; i++) {
		const yaml_node_t *key = yaml_document_get_node((yaml_document_t *) &rd->doc, i->key);
		const yaml_node_t *value = yaml_document_get_node((yaml_document_t *) &rd->doc, i->value);
		enum level level = LEVEL_STANDARD;
		int r = take_level_of(rd, key, &level);

		if (r == 0 && seen & 1u << level)
			return bad(rd, key, "'%s' stands here a second time", level_names[level]);
		seen |= 1u << level;
		if (r == 0)
			r = take_knobs(rd, value, level_names[level], level, profile_add_knob);
		if (r < 0)
			return r;
	}
	return 0;
}

static bool is_set(const struct profile *p, const struct knob_file *file)
{
	return own_value(p->own, p->n_own, file) != NULL;
}

static int read_own(const struct reader *rd, const yaml_node_t *key, const yaml_node_t *value)
{
	AUTO_FREE char *name = NULL;
	AUTO_FREE char *text = NULL;
	struct knob_own own = { 0 };
	struct err why = { 0 };
	int r = take_text_of(rd, key, "set", &name);

	if (r == 0)
		r = take_text_of(rd, value, name, &text);
	if (r < 0)
		return r;
	if (own_find(name, &own, &why) < 0)
		return bad(rd, key, "%s", why.text);
	if (own_check(&own, text, &why) < 0)
		return bad(rd, value, "%s", why.text);
	if (is_set(rd->p, own.file))
		return bad(rd, key, "'%s' stands here a second time", name);
	own.value = TAKE(text);
	profile_add_own(rd->p, &own, false);
	return 0;
}

static int read_set(const struct reader *rd, const yaml_node_t *n)
{
	yaml_document_t *doc = (yaml_document_t *) &rd->doc;
	int r = 0;

	if (n->type != YAML_MAPPING_NODE || n->data.mapping.pairs.top - n->data.mapping.pairs.start > MOST_ITEMS)
		return bad(rd, n, "'set' takes knobs with a value each, such as {mem.swap: 5}");
	for (const yaml_node_pair_t *i = n->data.mapping.pairs.start; r == 0 && i < n->data.mapping.pairs.top; i++)
		r = read_own(rd, yaml_document_get_node(doc, i->key), yaml_document_get_node(doc, i->value));
	return r;
}

static int read_isolated(const struct reader *rd, const yaml_node_t *n)
{
	return take_text_of(rd, n, "isolated", &rd->p->isolated);
}

static int read_name(const struct reader *rd, const yaml_node_t *n)
{
	return take_name_of(rd, n, "name", &rd->p->name);
}

static int read_title(const struct reader *rd, const yaml_node_t *n)
{
	return take_text_of(rd, n, "title", &rd->p->title);
}

static int read_inherits(const struct reader *rd, const yaml_node_t *n)
{
	return take_name_of(rd, n, "inherits", &rd->p->inherits);
}

static int read_level(const struct reader *rd, const yaml_node_t *n)
{
	rd->p->has_level = true;
	return take_level_of(rd, n, &rd->p->level);
}

static int read_skip(const struct reader *rd, const yaml_node_t *n)
{
	return take_knobs(rd, n, "skip", LEVEL_COUNT, add_skip);
}

static int read_insecure(const struct reader *rd, const yaml_node_t *n)
{
	return take_knobs(rd, n, "allow-insecure", LEVEL_COUNT, add_insecure);
}

static const struct key {
	const char *name;
	int (*read)(const struct reader *rd, const yaml_node_t *n);
} keys[] = {
	{ "name", read_name },   { "title", read_title },   { "inherits", read_inherits }, { "isolated", read_isolated },
	{ "level", read_level }, { "levels", read_levels }, { "skip", read_skip },         { "allow-insecure", read_insecure },
	{ "set", read_set },
};

static int unknown_key(const struct reader *rd, const yaml_node_t *n, const char *name)
{
	const char *names[ARRAY_SIZE(keys)], *near;

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		names[i] = keys[i].name;
	near = text_nearest(name, names, ARRAY_SIZE(names));
	return bad(rd, n, "a profile has no key '%.40s'%s%s%s; docs/tune.md has the keys", name, near ? ", did you mean '" : "",
		   near ? near : "", near ? "'?" : "");
}

static int read_pair(const struct reader *rd, const yaml_node_pair_t *pair, unsigned *seen)
{
	const yaml_node_t *key = yaml_document_get_node((yaml_document_t *) &rd->doc, pair->key);
	const yaml_node_t *value = yaml_document_get_node((yaml_document_t *) &rd->doc, pair->value);

	if (key->type != YAML_SCALAR_NODE)
		return bad(rd, key, "a key is meant here");
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		if (!text_eq(scalar(key), keys[i].name))
			continue;
		if (*seen & 1u << i)
			return bad(rd, key, "'%s' stands here a second time", keys[i].name);
		*seen |= 1u << i;
		return keys[i].read(rd, value);
	}
	return unknown_key(rd, key, scalar(key));
}

static int read_root(const struct reader *rd)
{
	const yaml_node_t *root = yaml_document_get_root_node((yaml_document_t *) &rd->doc);
	unsigned seen = 0;
	int r = 0;

	if (!root)
		return err_set(rd->err, -EINVAL, "%s: the file is empty; a profile needs at least a name", rd->what);
	if (root->type != YAML_MAPPING_NODE)
		return bad(rd, root, "a profile is a list of 'key: value'");
	for (const yaml_node_pair_t *i = root->data.mapping.pairs.start; r == 0 && i < root->data.mapping.pairs.top; i++)
		r = read_pair(rd, i, &seen);
	if (r == 0 && !rd->p->name)
		r = bad(rd, root, "the profile has no name:");
	return r;
}

static bool has_tab(const char *text, size_t len, size_t line)
{
	const char *end = text + len;

	for (; line && text < end; text++)
		line -= *text == '\n';
	for (; text < end && (*text == ' ' || *text == '\t'); text++)
		if (*text == '\t')
			return true;
	return false;
}

static int no_yaml(const yaml_parser_t *parser, const char *text, size_t len, const char *what, struct err *err)
{
	const yaml_mark_t *at = &parser->problem_mark;
	const char *why = parser->problem ? parser->problem : "this is no YAML";

	if (has_tab(text, len, at->line))
		why = "the line begins with a tab: YAML is indented with blanks";
	return err_set(err, -EINVAL, "%s: line %zu, column %zu: %s", what, at->line + 1, at->column + 1, why);
}

/* libyaml resolves aliases by pointing twice at one node: harmless here, since no key nests deeper than a list. */
int profile_parse(struct profile **ret, const char *text, size_t len, const char *what, struct err *err)
{
	struct reader rd = { .what = what, .err = err };
	yaml_parser_t parser;
	int r;

	if (!yaml_parser_initialize(&parser))
		return err_set(err, -ENOMEM, "%s: out of memory", what);
	yaml_parser_set_input_string(&parser, (const unsigned char *) text, len);
	if (!yaml_parser_load(&parser, &rd.doc)) {
		r = no_yaml(&parser, text, len, what, err);
		yaml_parser_delete(&parser);
		return r;
	}
	rd.p = profile_new();
	r = read_root(&rd);
	yaml_document_delete(&rd.doc);
	yaml_parser_delete(&parser);
	if (r < 0)
		profile_free(rd.p);
	else
		*ret = rd.p;
	return r;
}
