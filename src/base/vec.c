/* SPDX-License-Identifier: Apache-2.0 */
#include "base/vec.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Nothing sensible can be done without memory, and every change to the host is in a journal: stop at once. */
static void __attribute__((noreturn)) out_of_memory(void)
{
	static const char text[] = "vlat: out of memory\n";

	if (write(STDERR_FILENO, text, sizeof(text) - 1) < 0)
		abort();
	abort();
}

/* Lists of small things grow long, those of large ones have mostly one. */
static size_t first_room(size_t size)
{
	return size > 128 ? 1 : 8;
}

void *vec_grow_(void *at, size_t *n, size_t *cap, size_t size)
{
	if (*n == *cap) {
		size_t more = *cap ? *cap * 2 : first_room(size);

		if (more < *cap || more > SIZE_MAX / size)
			out_of_memory();
		at = realloc(at, more * size);
		if (!at)
			out_of_memory();
		*cap = more;
	}
	memset((char *) at + *n * size, 0, size);
	++*n;
	return at;
}

void vec_free_(void *at)
{
	free(at);
}

void *xalloc(size_t n, size_t size)
{
	void *p = calloc(n ? n : 1, size ? size : 1);

	if (!p)
		out_of_memory();
	return p;
}

void *xrealloc(void *p, size_t size)
{
	p = realloc(p, size);
	if (!p)
		out_of_memory();
	return p;
}

char *xstrdup(const char *s)
{
	char *copy = strdup(s);

	if (!copy)
		out_of_memory();
	return copy;
}

char *xstrndup(const char *s, size_t n)
{
	char *copy = strndup(s, n);

	if (!copy)
		out_of_memory();
	return copy;
}

char *xprintf(const char *fmt, ...)
{
	char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		out_of_memory();
	va_end(ap);
	return text;
}
