/* SPDX-License-Identifier: Apache-2.0 */
#include "boot/params.h"

#include <ctype.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "base/vec.h"

/* Length of one word: up to a blank that is not between quotes (lib/cmdline.c, next_arg()). */
static size_t word_length(const char *at)
{
	bool quoted = false;
	size_t n = 0;

	for (; at[n] && (quoted || !isspace((unsigned char) at[n])); n++)
		quoted ^= at[n] == '"';
	return n;
}

bool params_next(const char **at, const char **ret, size_t *ret_len)
{
	const char *p = *at;

	while (isspace((unsigned char) *p))
		p++;
	*ret = p;
	*ret_len = word_length(p);
	*at = p + *ret_len;
	return *ret_len > 0;
}

static size_t name_length(const char *word, size_t len)
{
	const char *sign = memchr(word, '=', len);

	return sign ? (size_t) (sign - word) : len;
}

bool params_same_name(const char *a, size_t a_len, const char *b, size_t b_len)
{
	a_len = name_length(a, a_len);
	b_len = name_length(b, b_len);
	for (size_t i = 0; a_len == b_len && i < a_len; i++) {
		if ((a[i] == '-' ? '_' : a[i]) != (b[i] == '-' ? '_' : b[i]))
			return false;
	}
	return a_len == b_len;
}

static bool word_is(const char *word, size_t len, const char *text)
{
	return len == strlen(text) && memcmp(word, text, len) == 0;
}

static void copy_value(const char *word, size_t len, char *buf, size_t cap)
{
	size_t from = name_length(word, len), n = 0;

	for (size_t i = from + (from < len); i < len && n + 1 < cap; i++) {
		if (word[i] != '"')
			buf[n++] = word[i];
	}
	buf[n] = '\0';
}

bool params_find(const char *line, const char *name, char *buf, size_t cap)
{
	const char *word;
	bool found = false;
	size_t len;

	while (params_next(&line, &word, &len) && !word_is(word, len, "--")) {
		size_t quote = word[0] == '"' && len > 1;

		if (!params_same_name(word + quote, len - quote, name, strlen(name)))
			continue;
		copy_value(word + quote, len - quote, buf, cap);
		found = true;
	}
	return found;
}

bool params_plain(const char *words)
{
	for (; *words; words++) {
		if (!isalnum((unsigned char) *words) && !strchr("_.,:=/+@- ", *words))
			return false;
	}
	return true;
}

char *params_block(const char *id, const char *words)
{
	return xprintf(PARAMS_BEGIN "%s %s " PARAMS_END, id, words);
}

static bool begins(const char *word, size_t len)
{
	return len > strlen(PARAMS_BEGIN) && memcmp(word, PARAMS_BEGIN, strlen(PARAMS_BEGIN)) == 0;
}

/*
 * The next block: from its first word to its last.  A block without an end, which
 * somebody has edited, is its first word alone: what follows may be anybody's.
 */
static bool next_block(const char *line, const char **from, const char **to)
{
	const char *word;
	size_t len;

	for (*from = NULL; params_next(&line, &word, &len);) {
		if (begins(word, len) && *from)
			return true;
		if (begins(word, len)) {
			*from = word;
			*to = word + len;
		} else if (*from && word_is(word, len, PARAMS_END)) {
			*to = word + len;
			return true;
		}
	}
	return *from != NULL;
}

int params_strip(const char *line, struct sink *out)
{
	const char *from, *to;
	int found = 0;

	while (next_block(line, &from, &to)) {
		size_t n = (size_t) (from - line);

		/* One blank goes with it: the one in front, or at the very beginning the one behind. */
		if (n > 0 && line[n - 1] == ' ')
			n--;
		else if (*to == ' ')
			to++;
		sink_putn(out, line, n);
		line = to;
		found = 1;
	}
	sink_put(out, line);
	return found;
}

/* Where the kernel's own parameters end: behind the last one before "--". */
static size_t kernel_end(const char *line)
{
	const char *at = line, *word;
	size_t len, end = 0;

	while (params_next(&at, &word, &len) && !word_is(word, len, "--"))
		end = (size_t) (at - line);
	return end;
}

void params_append(const char *line, const char *block, struct sink *out)
{
	struct sink bare = { 0 };
	size_t end;

	params_strip(line, &bare);
	end = bare.text ? kernel_end(bare.text) : 0;
	sink_putn(out, bare.text ? bare.text : "", end);
	sink_printf(out, "%s%s", end ? " " : "", block);
	if (bare.text && bare.text[end] && !end && !isspace((unsigned char) bare.text[0]))
		sink_char(out, ' ');
	sink_put(out, bare.text ? bare.text + end : "");
	sink_free(&bare);
}

bool params_ours(const char *line, char *id, size_t id_cap, struct sink *words)
{
	const char *from, *to, *word;
	bool found = false;
	size_t len;

	while (next_block(line, &from, &to)) {
		const char *at = from;

		sink_free(words);
		params_next(&at, &word, &len);
		text_print(id, id_cap, "%.*s", (int) (len - strlen(PARAMS_BEGIN)), word + strlen(PARAMS_BEGIN));
		while (at < to && params_next(&at, &word, &len) && !word_is(word, len, PARAMS_END)) {
			if (words->len)
				sink_char(words, ' ');
			sink_putn(words, word, len);
		}
		line = to;
		found = true;
	}
	return found;
}

/* arch/ARCH/include/asm/setup.h and asm-generic/setup.h: COMMAND_LINE_SIZE, the final NUL included. */
size_t params_limit(const char *machine)
{
	static const struct {
		const char *machine;
		size_t size;
	} sizes[] = {
		{ "x86_64", 2048 }, { "i686", 2048 },    { "aarch64", 2048 },     { "ppc64le", 2048 },
		{ "s390x", 4096 },  { "riscv64", 1024 }, { "loongarch64", 4096 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		if (text_eq(machine, sizes[i].machine))
			return sizes[i].size - 1;
	}
	return 511;
}

/* A run of CPUs without a gap. */
static bool next_run(const struct cpuset *set, int after, int *first, int *last)
{
	int c = cpuset_next(set, after);

	*first = *last = c;
	while (c >= 0 && (c = cpuset_next(set, c)) == *last + 1)
		*last = c;
	return *first >= 0;
}

/* Runs from `first` on that have one length and one distance: how many, where the last one ends. */
static size_t same_runs(const struct cpuset *set, int first, int last, int *ret_end, int *ret_period)
{
	int from, to, before = first;
	size_t n = 1;

	*ret_end = last;
	*ret_period = 0;
	while (next_run(set, *ret_end, &from, &to) && to - from == last - first && (n == 1 || from - before == *ret_period)) {
		*ret_period = from - before;
		*ret_end = to;
		before = from;
		n++;
	}
	return n;
}

static void put_run(struct sink *out, int first, int last)
{
	sink_printf(out, out->len ? ",%d" : "%d", first);
	if (last > first)
		sink_printf(out, "-%d", last);
}

char *params_cpulist(const struct cpuset *set, char *buf, size_t cap)
{
	struct sink out = { 0 };
	int first, last, end, period;

	for (int at = -1; next_run(set, at, &first, &last);) {
		if (same_runs(set, first, last, &end, &period) >= 3) {
			put_run(&out, first, end);
			sink_printf(&out, ":%d/%d", last - first + 1, period);
			at = end;
		} else {
			put_run(&out, first, last);
			at = last;
		}
	}
	text_print(buf, cap, "%s", out.text ? out.text : "");
	sink_free(&out);
	return buf;
}
