/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "cmd/help.h"

static void blanks(struct sink *out, unsigned n)
{
	while (n--)
		sink_char(out, ' ');
}

/* Move to the indent: on this line when there is room, else on the next. */
static unsigned go_to(struct sink *out, unsigned at, unsigned indent)
{
	if (at > indent) {
		sink_char(out, '\n');
		at = 0;
	}
	blanks(out, indent - at);
	return indent;
}

/* One paragraph of len bytes. */
static void wrap_words(struct sink *out, const char *p, size_t len, unsigned at, unsigned indent, unsigned width)
{
	const char *end = p + len;
	unsigned column = go_to(out, at, indent);
	bool first = true;

	while (p < end) {
		size_t n = 0;

		p += strspn(p, " \t\n");
		while (p + n < end && !strchr(" \t\n", p[n]))
			n++;
		if (n == 0)
			break;
		if (!first && column + 1 + n > width) {
			sink_char(out, '\n');
			blanks(out, indent);
			column = indent;
		} else if (!first) {
			sink_char(out, ' ');
			column++;
		}
		sink_putn(out, p, n);
		column += (unsigned) n;
		p += n;
		first = false;
	}
	sink_char(out, '\n');
}

static void keep_lines(struct sink *out, const char *p, size_t len, unsigned indent)
{
	const char *end = p + len;

	while (p < end) {
		size_t n = strcspn(p, "\n");

		n = n < (size_t) (end - p) ? n : (size_t) (end - p);
		blanks(out, indent);
		sink_putn(out, p, n);
		sink_char(out, '\n');
		p += n + 1;
	}
}

void wrap_text(struct sink *out, const char *text, unsigned at, unsigned indent, unsigned width)
{
	for (;;) {
		const char *gap = strstr(text, "\n\n");
		size_t len = gap ? (size_t) (gap - text) : strlen(text);

		if (*text == ' ')
			keep_lines(out, text, len, indent);
		else
			wrap_words(out, text, len, at, indent, width);
		if (!gap)
			return;
		sink_char(out, '\n');
		text = gap + 2;
		at = 0;
	}
}
