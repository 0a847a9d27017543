/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/sink.h"
#include "base/spawn.h"
#include "base/vec.h"

/* Takes over the word.  One more slot than words: the NULL at the end. */
static void add_owned(struct argv *a, char *word)
{
	if (a->n + 2 > a->cap) {
		size_t cap = a->cap ? a->cap * 2 : 16;
		char **at = xalloc(cap, sizeof(*at));

		if (a->n)
			memcpy(at, a->at, a->n * sizeof(*at));
		free(a->at);
		a->at = at;
		a->cap = cap;
	}
	a->at[a->n++] = word;
	a->at[a->n] = NULL;
}

void argv_add(struct argv *a, const char *word)
{
	add_owned(a, xstrdup(word));
}

void argv_addf(struct argv *a, const char *fmt, ...)
{
	struct sink s = { 0 };
	va_list ap;

	va_start(ap, fmt);
	sink_vprintf(&s, fmt, ap);
	va_end(ap);
	add_owned(a, s.text ? s.text : xstrdup(""));
}

void argv_add_all(struct argv *a, const char *const *words)
{
	for (; *words; words++)
		argv_add(a, *words);
}

static bool is_plain(const char *word)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789%+,-./:=@_";

	return *word && strspn(word, plain) == strlen(word);
}

static void put_quoted(struct sink *s, const char *word)
{
	sink_char(s, '\'');
	for (; *word; word++) {
		if (*word == '\'')
			sink_put(s, "'\\''");
		else
			sink_char(s, *word);
	}
	sink_char(s, '\'');
}

char *argv_text(const struct argv *a)
{
	struct sink s = { 0 };

	sink_put(&s, "");
	for (size_t i = 0; i < a->n; i++) {
		if (i)
			sink_char(&s, ' ');
		if (is_plain(a->at[i]))
			sink_put(&s, a->at[i]);
		else
			put_quoted(&s, a->at[i]);
	}
	return s.text;
}

void argv_free(struct argv *a)
{
	for (size_t i = 0; i < a->n; i++)
		free(a->at[i]);
	free(a->at);
	*a = (struct argv){ 0 };
}
