/* SPDX-License-Identifier: Apache-2.0 */
#include "study/yaml_line.h"

#include <stdbool.h>
#include <string.h>
#include <yaml.h>

#include "base/text.h"

enum { MOST_DEPTH = 8, MOST_PATH = 256 };

/* A mapping or sequence that has begun. */
struct level {
	bool mapping, has_key; /* has_key: the next value belongs to the key at the path's end */
	unsigned index;        /* of the next entry of a sequence */
	size_t len;            /* of its own path */
};

struct walk {
	const char *wanted;
	unsigned line; /* 0 = not found yet */
	struct level levels[MOST_DEPTH + 1];
	size_t depth;
	char path[MOST_PATH];
};

static bool look(struct walk *w, const yaml_event_t *e)
{
	if (text_eq(w->path, w->wanted))
		w->line = (unsigned) e->start_mark.line + 1;
	return w->line == 0;
}

/* A value begins.  That of a key is where its key is; an entry of a sequence gets its number. */
static bool enter(struct walk *w, const yaml_event_t *e)
{
	struct level *l = &w->levels[w->depth];

	if (w->depth == 0)
		return true;
	if (l->mapping) {
		l->has_key = false;
		return true;
	}
	return !text_print(w->path + l->len, sizeof(w->path) - l->len, "[%u]", l->index++) && look(w, e);
}

static bool take_key(struct walk *w, const yaml_event_t *e)
{
	struct level *l = &w->levels[w->depth];
	const char *key = (const char *) e->data.scalar.value;

	l->has_key = true;
	return !text_print(w->path + l->len, sizeof(w->path) - l->len, "%s%s", l->len ? "." : "", key) && look(w, e);
}

static bool wants_key(const struct walk *w)
{
	return w->depth > 0 && w->levels[w->depth].mapping && !w->levels[w->depth].has_key;
}

static bool begin(struct walk *w, const yaml_event_t *e)
{
	if (w->depth >= MOST_DEPTH || wants_key(w) || !enter(w, e))
		return false;
	w->levels[++w->depth] = (struct level){ .mapping = e->type == YAML_MAPPING_START_EVENT, .len = strlen(w->path) };
	return true;
}

/* False where the walk ends: found, the text's end, or a shape that no study file has. */
static bool take(struct walk *w, const yaml_event_t *e)
{
	switch (e->type) {
	case YAML_MAPPING_START_EVENT:
	case YAML_SEQUENCE_START_EVENT:
		return begin(w, e);
	case YAML_MAPPING_END_EVENT:
	case YAML_SEQUENCE_END_EVENT:
		return w->depth > 0 && --w->depth > 0;
	case YAML_SCALAR_EVENT:
		return wants_key(w) ? take_key(w, e) : enter(w, e);
	case YAML_STREAM_START_EVENT:
	case YAML_DOCUMENT_START_EVENT:
		return true;
	case YAML_ALIAS_EVENT:
	case YAML_DOCUMENT_END_EVENT:
	case YAML_STREAM_END_EVENT:
	case YAML_NO_EVENT:
		break;
	}
	return false;
}

unsigned yaml_line_of(const char *text, size_t len, const char *path)
{
	struct walk w = { .wanted = path };
	yaml_parser_t parser;
	yaml_event_t event;
	bool on = true;

	if (!yaml_parser_initialize(&parser))
		return 0;
	yaml_parser_set_input_string(&parser, (const unsigned char *) text, len);
	while (on && yaml_parser_parse(&parser, &event)) {
		on = take(&w, &event);
		yaml_event_delete(&event);
	}
	yaml_parser_delete(&parser);
	return w.line;
}
