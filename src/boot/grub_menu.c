/* SPDX-License-Identifier: Apache-2.0 */
#include "boot/grub_menu.h"

#include <string.h>

#include "base/text.h"
#include "boot/params.h"

#define DEPTH_MAX 16

struct line {
	const char *at;  /* behind the blanks it begins with */
	size_t len;      /* without blanks at the end */
	size_t from, to; /* in the text; to: behind the newline */
};

static bool next_line(const char *text, size_t *pos, struct line *ret)
{
	const char *at = text + *pos;
	size_t len = strcspn(at, "\n"), skip = strspn(at, " \t");

	if (!*at)
		return false;
	ret->from = *pos;
	ret->to = *pos + len + (at[len] == '\n');
	skip = skip < len ? skip : len;
	while (len > skip && strchr(" \t\r", at[len - 1]))
		len--;
	ret->at = at + skip;
	ret->len = len - skip;
	*pos = ret->to;
	return true;
}

static bool line_starts(const struct line *l, const char *word)
{
	size_t n = strlen(word);

	return l->len > n && memcmp(l->at, word, n) == 0 && (l->at[n] == ' ' || l->at[n] == '\t');
}

/* A shell word: quotes hold it together and are dropped.  Moves *at past it. */
static void take_quoted(const char **at, const char *end, char *buf, size_t cap)
{
	char quote = '\0';
	size_t n = 0;

	while (*at < end && (**at == ' ' || **at == '\t'))
		++*at;
	for (; *at < end && (quote || (**at != ' ' && **at != '\t')); ++*at) {
		if (quote ? **at == quote : **at == '\'' || **at == '"')
			quote = quote ? '\0' : **at;
		else if (n + 1 < cap)
			buf[n++] = **at;
	}
	buf[n] = '\0';
}

/* menuentry 'Debian' --class debian $menuentry_id_option 'gnulinux-simple-x' { */
static void read_item(const struct line *l, struct menu_item *item)
{
	const char *at = l->at, *end = l->at + l->len;
	char word[160];

	take_quoted(&at, end, word, sizeof(word));
	take_quoted(&at, end, item->title, sizeof(item->title));
	while (at < end && *at) {
		take_quoted(&at, end, word, sizeof(word));
		if (text_eq(word, "--id") || text_eq(word, "$menuentry_id_option") || text_eq(word, "${menuentry_id_option}"))
			take_quoted(&at, end, item->id, sizeof(item->id));
		else if (text_starts(word, "--id="))
			text_print(item->id, sizeof(item->id), "%s", word + strlen("--id="));
	}
}

/* The last one counts that is no variable but ${saved_entry}. */
static void read_preset(const struct line *l, struct menu *m)
{
	const char *at = l->at + strlen("set"), *end = l->at + l->len;
	char word[320];

	take_quoted(&at, end, word, sizeof(word));
	if (!text_starts(word, "default="))
		return;
	if (strstr(word, "saved_entry"))
		text_print(m->preset, sizeof(m->preset), "saved");
	else if (!strchr(word, '$'))
		text_print(m->preset, sizeof(m->preset), "%s", word + strlen("default="));
}

void menu_parse(const char *text, struct menu *ret)
{
	int open[DEPTH_MAX], depth = 0, parent = -1; /* open: the item each brace belongs to, -1 = a function's */
	struct line l;

	*ret = (struct menu){ .preset = "0" };
	for (size_t pos = 0; next_line(text, &pos, &l);) {
		bool submenu = line_starts(&l, "submenu"), opens = l.len && l.at[l.len - 1] == '{';

		if (opens && depth == DEPTH_MAX)
			return;
		if (opens && (submenu || line_starts(&l, "menuentry"))) {
			struct menu_item *item = vec_add(&ret->at);

			read_item(&l, item);
			item->submenu = submenu;
			item->parent = parent;
			item->from = l.from;
			open[depth++] = (int) ret->at.n - 1;
			parent = submenu ? (int) ret->at.n - 1 : parent;
		} else if (opens) {
			open[depth++] = -1;
		} else if (l.len == 1 && *l.at == '}' && depth > 0) {
			struct menu_item *item = open[--depth] >= 0 ? &ret->at.at[open[depth]] : NULL;

			if (item)
				item->to = l.to;
			if (item && item->submenu)
				parent = item->parent;
		} else if (line_starts(&l, "set")) {
			read_preset(&l, ret);
		}
	}
}

void menu_free(struct menu *m)
{
	vec_free(&m->at);
}

static int find_in(const struct menu *m, int parent, const char *name, size_t len)
{
	uint64_t number = UINT64_MAX;
	char word[160];

	text_print(word, sizeof(word), "%.*s", (int) len, name);
	if (text_u64(word, &number) < 0)
		number = UINT64_MAX;
	for (size_t i = 0; i < m->at.n; i++) {
		const struct menu_item *item = &m->at.at[i];

		if (item->parent != parent)
			continue;
		if (number != UINT64_MAX ? number-- == 0 : text_eq(item->id, word) || text_eq(item->title, word))
			return (int) i;
	}
	return -1;
}

/* GRUB falls back to the first where there is no such one, and does so inside a submenu, too. */
static int find_or_first(const struct menu *m, int parent, const char *name, size_t len)
{
	int found = find_in(m, parent, name, len);

	return found >= 0 ? found : find_in(m, parent, "0", 1);
}

int menu_find(const struct menu *m, const char *name)
{
	const char *at = name ? name : m->preset;
	int found = -1;

	for (;;) {
		size_t len = strcspn(at, ">");

		found = find_or_first(m, found, at, len);
		if (found < 0 || !m->at.at[found].submenu)
			return found >= 0 && m->at.at[found].to > m->at.at[found].from ? found : -1;
		at = at[len] ? at + len + 1 : "0";
	}
}

static bool loads_kernel(const struct line *l)
{
	return line_starts(l, "linux") || line_starts(l, "linuxefi") || line_starts(l, "linux16");
}

bool menu_line(const char *text, const struct menu_item *item, struct sink *out)
{
	struct line l;

	for (size_t pos = item->from; pos < item->to && next_line(text, &pos, &l);) {
		const char *at = l.at, *word;
		size_t len;

		if (!loads_kernel(&l))
			continue;
		params_next(&at, &word, &len);
		params_next(&at, &word, &len);
		while (at < l.at + l.len && (*at == ' ' || *at == '\t'))
			at++;
		if (at < l.at + l.len)
			sink_putn(out, at, (size_t) (l.at + l.len - at));
		else
			sink_put(out, "");
		return true;
	}
	return false;
}

/* The kernel's file stays in front, whatever is in the words. */
static void put_kernel_line(const char *text, const struct line *l, const char *block, struct sink *out)
{
	char *words = xstrndup(l->at, l->len);

	sink_putn(out, text + l->from, (size_t) (l->at - (text + l->from)));
	params_append(words, block, out);
	sink_char(out, '\n');
	vec_free_(words);
}

void menu_copy(const char *text, const struct menu_item *item, const char *title, const char *id, const char *block,
	       struct sink *out)
{
	struct line l;

	sink_printf(out, "menuentry '%s' --id '%s' {\n", title, id);
	for (size_t pos = item->from; pos < item->to && next_line(text, &pos, &l);) {
		if (l.from == item->from)
			continue;
		if (loads_kernel(&l))
			put_kernel_line(text, &l, block, out);
		else
			sink_putn(out, text + l.from, l.to - l.from);
	}
}
