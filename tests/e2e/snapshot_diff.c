/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "snapshot.h"

void snapshot_add(struct snapshot *s, const char *fmt, ...)
{
	char *line = NULL;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&line, fmt, ap) < 0)
		abort();
	va_end(ap);
	*vec_add(&s->line) = line;
}

void snapshot_free(struct snapshot *s)
{
	for (size_t i = 0; i < s->line.n; i++)
		free(s->line.at[i]);
	vec_free(&s->line);
}

int snapshot_save(const struct snapshot *s, int fd)
{
	struct sink out = { 0 };
	int r;

	for (size_t i = 0; i < s->line.n; i++)
		sink_printf(&out, "%s\n", s->line.at[i]);
	r = sink_write(&out, fd);
	sink_free(&out);
	return r;
}

void snapshot_parse(struct snapshot *ret, const char *text)
{
	memset(ret, 0, sizeof(*ret));
	while (*text) {
		size_t len = strcspn(text, "\n");

		*vec_add(&ret->line) = xstrndup(text, len);
		text += len + (text[len] == '\n');
	}
}

/* "task WHO: STATE", "cgroup WHO: STATE": is there a line of the same WHO in s? */
static bool has_same(const struct snapshot *s, const char *line, const char *end_of_who)
{
	const char *end = strstr(line, end_of_who);
	size_t len = end ? (size_t) (end - line) + strlen(end_of_who) : strlen(line);

	for (size_t i = 0; i < s->line.n; i++)
		if (!strncmp(s->line.at[i], line, len))
			return true;
	return false;
}

/* Others' programs and groups come and go; what both have must be as it was.  Groups that vlat makes have it in their names. */
static bool counts(const struct snapshot *other, const char *line)
{
	if (text_starts(line, "task "))
		return has_same(other, line, "): ");
	if (text_starts(line, "cgroup ") && !strstr(line, "/vlat-"))
		return has_same(other, line, ":");
	return true;
}

static size_t note(struct sink *out, char sign, const struct snapshot *other, const char *line)
{
	if (!counts(other, line))
		return 0;
	sink_printf(out, "%c %s\n", sign, line);
	return 1;
}

/* Both are sorted: one walk. */
size_t snapshot_diff(const struct snapshot *before, const struct snapshot *after, struct sink *out)
{
	size_t a = 0, b = 0, n = 0;

	while (a < before->line.n || b < after->line.n) {
		int order = a == before->line.n ? 1 : b == after->line.n ? -1 : strcmp(before->line.at[a], after->line.at[b]);

		if (order < 0)
			n += note(out, '-', after, before->line.at[a]);
		if (order > 0)
			n += note(out, '+', before, after->line.at[b]);
		a += order <= 0;
		b += order >= 0;
	}
	return n;
}

size_t snapshot_settle(const struct snapshot *before, const char *const *patterns, unsigned ms, struct sink *out)
{
	uint64_t deadline = clock_ns() + ms * NS_PER_MS;
	size_t n;

	for (;;) {
		struct snapshot now;
		struct sink text = { 0 };

		snapshot_take(&now, patterns);
		n = snapshot_diff(before, &now, &text);
		snapshot_free(&now);
		if (!n || clock_ns() > deadline) {
			if (text.text)
				sink_put(out, text.text);
			sink_free(&text);
			return n;
		}
		sink_free(&text);
		clock_sleep_ns(50 * NS_PER_MS);
	}
}
