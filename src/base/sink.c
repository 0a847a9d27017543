/* SPDX-License-Identifier: Apache-2.0 */
#include "base/sink.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/vec.h"

/* Make room for n more bytes and the NUL. */
static void reserve(struct sink *s, size_t n)
{
	size_t cap = s->cap ? s->cap : 256;
	char *text;

	if (s->len + n + 1 <= s->cap)
		return;
	while (cap < s->len + n + 1)
		cap *= 2;
	text = xrealloc(s->text, cap);
	s->text = text;
	s->cap = cap;
}

void sink_putn(struct sink *s, const char *text, size_t n)
{
	reserve(s, n);
	if (n)
		memcpy(s->text + s->len, text, n);
	s->len += n;
	s->text[s->len] = '\0';
}

void sink_put(struct sink *s, const char *text)
{
	sink_putn(s, text, strlen(text));
}

void sink_char(struct sink *s, char c)
{
	sink_putn(s, &c, 1);
}

void sink_vprintf(struct sink *s, const char *fmt, va_list ap)
{
	va_list again;
	int n;

	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	if (n < 0)
		return;
	reserve(s, (size_t) n);
	vsnprintf(s->text + s->len, (size_t) n + 1, fmt, ap);
	s->len += (size_t) n;
}

void sink_printf(struct sink *s, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	sink_vprintf(s, fmt, ap);
	va_end(ap);
}

static const char *xml_entity(char c)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	default:
		return NULL;
	}
}

/* Control characters but tab and newline have no place in XML 1.0, not even escaped. */
static bool xml_allows(char c)
{
	return (unsigned char) c >= 0x20 ? c != 0x7f : c == '\t' || c == '\n';
}

void sink_xml(struct sink *s, const char *text)
{
	for (; *text; text++) {
		const char *entity = xml_entity(*text);

		if (entity)
			sink_put(s, entity);
		else if (xml_allows(*text))
			sink_char(s, *text);
	}
}

int sink_write(const struct sink *s, int fd)
{
	size_t done = 0;

	while (done < s->len) {
		ssize_t n = write(fd, s->text + done, s->len - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		done += (size_t) n;
	}
	return 0;
}

void sink_free(struct sink *s)
{
	free(s->text);
	*s = (struct sink){ 0 };
}
