/* SPDX-License-Identifier: Apache-2.0 */
#include "base/jsonw.h"

#include <inttypes.h>
#include <stddef.h>
#include <string.h>

/* The length of the UTF-8 sequence (RFC 3629) at the start of s, 0 when there is none. */
static size_t sequence(const unsigned char *s)
{
	size_t n = s[0] < 0x80 ? 1 : s[0] >= 0xc2 && s[0] < 0xe0 ? 2 : (s[0] & 0xf0) == 0xe0 ? 3 : 0;

	if (s[0] >= 0xf0 && s[0] < 0xf5)
		n = 4;

	for (size_t i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	}
	/* Longer than need be, a half of a pair of UTF-16, beyond the last. */
	if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] >= 0xa0) || (s[0] == 0xf0 && s[1] < 0x90) ||
	    (s[0] == 0xf4 && s[1] >= 0x90))
		return 0;
	return n;
}

static void put_special(struct sink *out, unsigned char c)
{
	static const char from[] = "\"\\\b\f\n\r\t", to[] = "\"\\bfnrt";
	const char *at = c ? strchr(from, c) : NULL;

	if (at)
		sink_printf(out, "\\%c", to[at - from]);
	else if (c < 0x20)
		sink_printf(out, "\\u%04X", c);
	else
		sink_put(out, "\xef\xbf\xbd");
}

static void put_string(struct sink *out, const char *text)
{
	const char *from = text;

	sink_char(out, '"');
	while (*text) {
		unsigned char c = (unsigned char) *text;
		size_t n = c < 0x20 || c == '"' || c == '\\' ? 0 : c < 0x80 ? 1 : sequence((const unsigned char *) text);

		if (n) {
			text += n;
			continue;
		}
		sink_putn(out, from, (size_t) (text - from));
		put_special(out, c);
		from = ++text;
	}
	sink_putn(out, from, (size_t) (text - from));
	sink_char(out, '"');
}

static void line(const struct jsonw *w)
{
	static const char blanks[] = "\n                ";
	size_t n = 2 * (size_t) w->depth, most = sizeof(blanks) - 2;

	sink_putn(w->out, blanks, 1 + (n < most ? n : most));
	for (; n > most; n--)
		sink_char(w->out, ' ');
}

/* What stands before a value: comma, place, name. */
static void begin(struct jsonw *w, const char *name)
{
	if (w->filled)
		sink_char(w->out, ',');
	if (w->depth)
		line(w);
	w->filled = true;
	if (!name)
		return;
	put_string(w->out, name);
	sink_putn(w->out, ": ", 2);
}

static void open_with(struct jsonw *w, const char *name, char bracket)
{
	begin(w, name);
	sink_char(w->out, bracket);
	w->depth++;
	w->filled = false;
}

static void close_with(struct jsonw *w, char bracket)
{
	w->depth--;
	if (w->filled)
		line(w);
	sink_char(w->out, bracket);
	w->filled = true;
}

void jw_object(struct jsonw *w, const char *name)
{
	open_with(w, name, '{');
}

void jw_array(struct jsonw *w, const char *name)
{
	open_with(w, name, '[');
}

void jw_end_object(struct jsonw *w)
{
	close_with(w, '}');
}

void jw_end_array(struct jsonw *w)
{
	close_with(w, ']');
}

void jw_text(struct jsonw *w, const char *name, const char *text)
{
	begin(w, name);
	if (text)
		put_string(w->out, text);
	else
		sink_put(w->out, "null");
}

void jw_text_or_null(struct jsonw *w, const char *name, const char *text)
{
	jw_text(w, name, text && text[0] ? text : NULL);
}

void jw_int(struct jsonw *w, const char *name, int64_t n)
{
	begin(w, name);
	sink_printf(w->out, "%" PRId64, n);
}

void jw_bool(struct jsonw *w, const char *name, bool b)
{
	begin(w, name);
	sink_put(w->out, b ? "true" : "false");
}

void jw_null(struct jsonw *w, const char *name)
{
	jw_text(w, name, NULL);
}
