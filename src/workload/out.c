/* SPDX-License-Identifier: Apache-2.0 */
#include "workload/out.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "workload/protocol.h"

int out_flush(struct out *o)
{
	if (o->fd >= 0 && !o->error)
		o->error = frame_write_all(o->fd, o->buf, o->held, 0);
	o->held = 0;
	return o->error;
}

void out_putn(struct out *o, const void *data, size_t n)
{
	const char *at = data;

	o->total += n;
	while (o->fd >= 0 && n) {
		size_t room = sizeof(o->buf) - o->held, take = n < room ? n : room;

		memcpy(o->buf + o->held, at, take);
		o->held += take;
		at += take;
		n -= take;
		if (o->held == sizeof(o->buf))
			out_flush(o);
	}
}

/* Everything printed is short: numbers and fixed words.  Texts of any length go through out_quoted(). */
void out_printf(struct out *o, const char *fmt, ...)
{
	char text[512];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (n > 0)
		out_putn(o, text, (size_t) n < sizeof(text) ? (size_t) n : sizeof(text) - 1);
}

void out_quoted(struct out *o, const char *text)
{
	out_putn(o, "\"", 1);
	for (; *text; text++) {
		unsigned char c = (unsigned char) *text;

		if (c == '"' || c == '\\')
			out_printf(o, "\\%c", c);
		else if (c < ' ')
			out_printf(o, "\\u%04x", c);
		else if (c > '~')
			out_putn(o, "?", 1);
		else
			out_putn(o, text, 1);
	}
	out_putn(o, "\"", 1);
}

void out_u128(struct out *o, u128 value)
{
	char digits[42];
	size_t at = sizeof(digits);

	digits[--at] = '"';
	do
		digits[--at] = (char) ('0' + (unsigned) (value % 10));
	while (value /= 10);
	digits[--at] = '"';
	out_putn(o, digits + at, sizeof(digits) - at);
}

void out_histogram(struct out *o, const struct histogram *h)
{
	const char *comma = "";

	out_printf(o, "{\"count\":%llu,", (unsigned long long) h->count);
	if (h->count)
		out_printf(o, "\"min_ns\":%llu,\"max_ns\":%llu,", (unsigned long long) h->min, (unsigned long long) h->max);
	else
		out_printf(o, "\"min_ns\":null,\"max_ns\":null,");
	out_printf(o, "\"above\":%llu,\"sum_ns\":", (unsigned long long) h->above);
	out_u128(o, h->sum);
	out_printf(o, ",\"sumsq_ns2\":");
	out_u128(o, h->sumsq);
	out_printf(o, ",\"buckets\":[");
	for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
		if (!h->bucket[i])
			continue;
		out_printf(o, "%s[%u,%llu]", comma, i, (unsigned long long) h->bucket[i]);
		comma = ",";
	}
	out_printf(o, "]}");
}
