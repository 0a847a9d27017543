/* SPDX-License-Identifier: Apache-2.0 */
#include "boot/entry_text.h"

#include <string.h>

#include "base/text.h"
#include "base/vec.h"
#include "boot/params.h"

struct line {
	const char *from;  /* the whole line */
	size_t len;        /* without the newline */
	const char *value; /* behind the key and its blanks */
	size_t value_len;
	bool ends; /* a newline follows */
};

/* False at the end.  A line without that key has no value. */
static bool next_line(const char **at, const char *key, struct line *ret)
{
	size_t n = strlen(key), skip, len = strcspn(*at, "\n");
	const char *p = *at;

	if (!*p)
		return false;
	*ret = (struct line){ .from = p, .len = len, .ends = p[len] == '\n' };
	*at = p + len + ret->ends;
	skip = strspn(p, " \t");
	if (len > skip + n && memcmp(p + skip, key, n) == 0 && strchr(" \t", p[skip + n])) {
		skip += n;
		while (skip < len && strchr(" \t", p[skip]))
			skip++;
		ret->value = p + skip;
		ret->value_len = len - skip;
		while (ret->value_len && strchr(" \t\r", ret->value[ret->value_len - 1]))
			ret->value_len--;
	}
	return true;
}

bool entry_get(const char *text, const char *key, char *buf, size_t cap)
{
	bool found = false;
	struct line l;

	while (next_line(&text, key, &l)) {
		if (!l.value)
			continue;
		text_print(buf, cap, "%.*s", (int) l.value_len, l.value);
		found = true;
	}
	return found;
}

bool entry_options(const char *text, struct sink *out)
{
	bool found = false;
	struct line l;

	while (next_line(&text, "options", &l)) {
		if (!l.value)
			continue;
		if (found)
			sink_char(out, ' ');
		sink_putn(out, l.value, l.value_len);
		found = true;
	}
	return found;
}

static size_t count_options(const char *text)
{
	struct line l;
	size_t n = 0;

	while (next_line(&text, "options", &l))
		n += l.value != NULL;
	return n;
}

static void put_options(const struct line *l, const char *block, bool last, struct sink *out)
{
	char *value = xstrndup(l->value, l->value_len);

	sink_putn(out, l->from, (size_t) (l->value - l->from));
	if (block && last)
		params_append(value, block, out);
	else
		params_strip(value, out);
	sink_putn(out, l->value + l->value_len, (size_t) (l->from + l->len - l->value) - l->value_len);
	vec_free_(value);
}

static void put_line(const struct line *l, const char *block, size_t *left, struct sink *out)
{
	if (l->value)
		put_options(l, block, --*left == 0, out);
	else
		sink_putn(out, l->from, l->len);
	if (l->ends)
		sink_char(out, '\n');
}

void entry_edit(const char *text, const char *block, struct sink *out)
{
	size_t options = count_options(text), left = options;
	bool ended = true;
	struct line l;

	sink_put(out, "");
	while (next_line(&text, "options", &l)) {
		put_line(&l, block, &left, out);
		ended = l.ends;
	}
	if (block && options == 0)
		sink_printf(out, "%soptions %s\n", ended ? "" : "\n", block);
}

void entry_copy(const char *text, const char *title, const char *block, struct sink *out)
{
	struct sink edited = { 0 };
	const char *at;
	struct line l;

	entry_edit(text, block, &edited);
	sink_printf(out, "title %s\nversion 0\n", title);
	for (at = edited.text; next_line(&at, "title", &l);) {
		const char *again = l.from;
		struct line version;

		next_line(&again, "version", &version);
		if (l.value || version.value)
			continue;
		sink_putn(out, l.from, l.len);
		sink_char(out, '\n');
	}
	sink_free(&edited);
}
