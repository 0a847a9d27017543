/* SPDX-License-Identifier: Apache-2.0 */
#include "base/err.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool inside_letter(char c)
{
	return ((unsigned char) c & 0xc0) == 0x80; /* a continuation byte of UTF-8 */
}

/*
 * A sentence too long for its place loses its middle: the head says what was
 * tried, the tail holds the reason and the cure, and what grows between them
 * is a name that somebody gave.  Three dots say that something is missing.
 */
static void put_shortened(char *to, size_t cap, const char *text, size_t len)
{
	size_t tail = cap / 3, head = cap - sizeof("...") - tail;

	if (len < cap) {
		memcpy(to, text, len + 1);
		return;
	}
	while (head > 0 && inside_letter(text[head]))
		head--;
	while (tail > 0 && inside_letter(text[len - tail]))
		tail--;
	memcpy(to, text, head);
	memcpy(to + head, "...", 3);
	memcpy(to + head + 3, text + len - tail, tail + 1);
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

/* Allocates only for what is too long, and does without when there is no memory. */
static void put(char *to, size_t cap, const char *fmt, va_list ap)
{
	char *whole = NULL;
	va_list again;
	int len;

	va_copy(again, ap);
	len = vsnprintf(to, cap, fmt, ap);
	if (len < 0)
		to[0] = '\0';
	else if ((size_t) len >= cap && vasprintf(&whole, fmt, again) == len)
		put_shortened(to, cap, whole, (size_t) len);
	va_end(again);
	free(whole);
	one_line(to);
}

static void fill(struct err *e, int code, const char *fmt, va_list ap)
{
	e->code = code;
	put(e->text, sizeof(e->text), fmt, ap);
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

/* "first: second" into e, shortened as a whole. */
static void join(struct err *e, const char *first, const char *second)
{
	char both[2 * sizeof(e->text) + 2];
	int len = snprintf(both, sizeof(both), "%s: %s", first, second);

	put_shortened(e->text, sizeof(e->text), both, (size_t) len);
}

int err_sys(struct err *e, int code, const char *fmt, ...)
{
	char what[sizeof(e->text)];
	va_list ap;

	if (!e)
		return code;
	va_start(ap, fmt);
	fill(e, code, fmt, ap);
	va_end(ap);
	memcpy(what, e->text, sizeof(what));
	join(e, what, strerror(-code));
	return code;
}

int err_in(struct err *e, const char *fmt, ...)
{
	char inner[sizeof(e->text)], context[sizeof(e->text) / 2]; /* the reason is worth more than a long context */
	va_list ap;

	if (!e)
		return 0;
	memcpy(inner, e->text, sizeof(inner));
	va_start(ap, fmt);
	put(context, sizeof(context), fmt, ap);
	va_end(ap);
	join(e, context, inner);
	return e->code;
}
