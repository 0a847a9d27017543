/* SPDX-License-Identifier: Apache-2.0 */
#include "base/err.h"

#include <stdio.h>
#include <string.h>

/*
 * A sentence too long for the struct loses its tail, never its head: the head
 * names the input.  Three dots say that something is missing.
 */
static void mark_cut(char *text, size_t cap, int wanted)
{
	if (wanted >= 0 && (size_t) wanted >= cap)
		memcpy(text + cap - 4, "...", 4);
}

/* What a user typed or a program said is quoted as it came: no line break or control character of it reaches a terminal. */
static void one_line(char *text)
{
	for (; *text; text++) {
		if (*text == '\n' || *text == '\t' || *text == '\r')
			*text = ' ';
		else if ((unsigned char) *text < ' ' || *text == 0x7f)
			*text = '?';
	}
}

static void fill(struct err *e, int code, const char *fmt, va_list ap)
{
	e->code = code;
	mark_cut(e->text, sizeof(e->text), vsnprintf(e->text, sizeof(e->text), fmt, ap));
	one_line(e->text);
}

int err_set(struct err *e, int code, const char *fmt, ...)
{
	va_list ap;

	if (!e)
		return code;
	va_start(ap, fmt);
	fill(e, code, fmt, ap);
	va_end(ap);
	return code;
}

int err_sys(struct err *e, int code, const char *fmt, ...)
{
	size_t used;
	va_list ap;

	if (!e)
		return code;
	va_start(ap, fmt);
	fill(e, code, fmt, ap);
	va_end(ap);
	used = strlen(e->text);
	mark_cut(e->text + used, sizeof(e->text) - used,
		 snprintf(e->text + used, sizeof(e->text) - used, ": %s", strerror(-code)));
	return code;
}

int err_in(struct err *e, const char *fmt, ...)
{
	char inner[sizeof(e->text)];
	size_t used;
	va_list ap;

	if (!e)
		return 0;
	memcpy(inner, e->text, sizeof(inner));
	va_start(ap, fmt);
	/* The reason is worth more than a long context: half the room is kept for it. */
	mark_cut(e->text, sizeof(e->text) / 2, vsnprintf(e->text, sizeof(e->text) / 2, fmt, ap));
	one_line(e->text);
	va_end(ap);
	used = strlen(e->text);
	mark_cut(e->text + used, sizeof(e->text) - used, snprintf(e->text + used, sizeof(e->text) - used, ": %s", inner));
	return e->code;
}
