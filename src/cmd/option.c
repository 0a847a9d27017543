/* SPDX-License-Identifier: Apache-2.0 */
/* One reader for each type of option: text to field, or one half of a sentence. */
#include "cmd/option.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/sink.h"
#include "base/text.h"

const char *option_arg(const struct option_row *row)
{
	static const struct {
		option_parse *parse;
		const char *arg;
	} args[] = {
		{ parse_str, "TEXT" },      { parse_u32, "N" },        { parse_u64, "N" },        { parse_double, "X" },
		{ parse_duration, "TIME" }, { parse_size, "SIZE" },    { parse_cpulist, "CPUS" }, { parse_choice, "NAME" },
		{ parse_word, "NAME" },     { parse_set, "NAME,..." },  { parse_micros, "TIME" },
	};

	if (row->arg || !row->parse)
		return row->arg;
	if (row->complete != COMPLETE_NOTHING)
		return row->complete == COMPLETE_DIR ? "DIR" : "FILE";
	for (size_t i = 0; i < ARRAY_SIZE(args); i++)
		if (args[i].parse == row->parse)
			return args[i].arg;
	return "VALUE";
}

const char *const *option_choices(const struct option_row *row, size_t *ret_n)
{
	*ret_n = 0;
	if (row->choices_of)
		return row->choices_of(ret_n);
	while (row->choices && row->choices[*ret_n])
		++*ret_n;
	return row->choices;
}

void option_choices_text(const struct option_row *row, struct sink *out)
{
	size_t n;
	const char *const *names = option_choices(row, &n);

	sink_put(out, n > 1 ? "one of " : "");
	for (size_t i = 0; i < n; i++)
		sink_printf(out, "%s%s", i ? ", " : "", names[i]);
}

int parse_str(const struct option_row *row, const char *text, void *field, struct err *err)
{
	const char **ret = field;

	(void) row;
	if (!*text)
		return err_set(err, -EINVAL, "it may not be empty");
	*ret = text;
	return 0;
}

static char *plain_number(char *buf, size_t cap, double value)
{
	snprintf(buf, cap, "%.15g", value);
	return buf;
}

/* As it would be typed: "64k", "1M". */
static char *plain_bytes(char *buf, size_t cap, double value)
{
	static const char units[] = { 'G', 'M', 'k' };
	uint64_t bytes = (uint64_t) value;

	for (unsigned i = 0; i < ARRAY_SIZE(units); i++) {
		unsigned shift = 30 - 10 * i;

		if (bytes && bytes % (1ull << shift) == 0) {
			snprintf(buf, cap, "%llu%c", (unsigned long long) bytes >> shift, units[i]);
			return buf;
		}
	}
	snprintf(buf, cap, "%.0f", value);
	return buf;
}

static char *plain_time(char *buf, size_t cap, double ns)
{
	return ns >= 60e9 ? text_seconds(buf, cap, ns / 1e9) : text_ns(buf, cap, ns);
}

static char *plain_micros(char *buf, size_t cap, double us)
{
	return text_ns(buf, cap, us * 1e3);
}

typedef char *number_text(char *buf, size_t cap, double value);

static int check_bounds(const struct option_row *row, double value, number_text *format, struct err *err)
{
	char buf[64];

	if (value < (double) row->min)
		return err_set(err, -ERANGE, "at least %s is meant", format(buf, sizeof(buf), (double) row->min));
	if (row->max && value > (double) row->max)
		return err_set(err, -ERANGE, "at most %s is meant", format(buf, sizeof(buf), (double) row->max));
	return 0;
}

/* What text_u64(), text_duration() and text_size() have in common. */
static int parse_whole(const struct option_row *row, const char *text, int (*read)(const char *, uint64_t *), const char *meant,
		       number_text *format, uint64_t *ret, struct err *err)
{
	uint64_t value;
	int r = read(text, &value);

	if (r == -ERANGE)
		return err_set(err, r, "the number is too large");
	if (r < 0)
		return err_set(err, r, "%s is meant", meant);
	r = check_bounds(row, (double) value, format, err);
	if (r == 0)
		*ret = value;
	return r;
}

int parse_u64(const struct option_row *row, const char *text, void *field, struct err *err)
{
	return parse_whole(row, text, text_u64, "a whole number, not negative,", plain_number, field, err);
}

int parse_u32(const struct option_row *row, const char *text, void *field, struct err *err)
{
	uint64_t value = 0;
	int r = parse_u64(row, text, &value, err);

	if (r < 0)
		return r;
	if (value > UINT32_MAX)
		return err_set(err, -ERANGE, "at most %lu is meant", (unsigned long) UINT32_MAX);
	*(uint32_t *) field = (uint32_t) value;
	return 0;
}

int parse_duration(const struct option_row *row, const char *text, void *field, struct err *err)
{
	return parse_whole(row, text, text_duration, "a time such as 500ms, 2s or 3m, not negative,", plain_time, field, err);
}

/* With a unit any time; a bare number is of microseconds, as it always was. */
int parse_micros(const struct option_row *row, const char *text, void *field, struct err *err)
{
	bool bare = text[strspn(text, "0123456789")] == '\0';
	uint64_t value = 0;
	int r = bare ? text_u64(text, &value) : text_duration(text, &value);
	double us = bare ? (double) value : (double) value / 1e3;

	if (r < 0)
		return err_set(err, r, "a time such as 500us or 2ms, or a whole number of microseconds, is meant");
	r = check_bounds(row, us, plain_micros, err);
	if (r == 0)
		*(uint32_t *) field = (uint32_t) us;
	return r;
}

int parse_size(const struct option_row *row, const char *text, void *field, struct err *err)
{
	return parse_whole(row, text, text_size, "a size such as 64, 4k or 2M, not negative,", plain_bytes, field, err);
}

int parse_double(const struct option_row *row, const char *text, void *field, struct err *err)
{
	double value;
	int r = text_double(text, &value);

	if (r < 0)
		return err_set(err, r, "a number is meant");
	r = check_bounds(row, value, plain_number, err);
	if (r == 0)
		*(double *) field = value;
	return r;
}

int parse_cpulist(const struct option_row *row, const char *text, void *field, struct err *err)
{
	struct cpuset set;
	int r = cpuset_parse_list(text, &set);

	(void) row;
	if (r == -ERANGE)
		return err_set(err, r, "CPU numbers end at %d", CPUSET_MAX - 1);
	if (r < 0 || cpuset_empty(&set))
		return err_set(err, -EINVAL, "a list of CPUs such as 1 or 2-5,8 is meant");
	*(struct cpuset *) field = set;
	return 0;
}

/* The sentence for a name that is not among the choices. */
static int no_choice(const struct option_row *row, const char *text, struct err *err)
{
	size_t n;
	const char *const *names = option_choices(row, &n);
	const char *near = text_nearest(text, names, n);
	struct sink s = { 0 };

	option_choices_text(row, &s);
	sink_put(&s, " is meant");
	if (near)
		sink_printf(&s, "; did you mean %s?", near);
	err_set(err, -EINVAL, "%s", s.text);
	sink_free(&s);
	return -EINVAL;
}

/* Index of text[0..len-1] among the names, or -1. */
static int find_choice(const char *const *names, size_t n, const char *text, size_t len)
{
	for (size_t i = 0; i < n; i++)
		if (strlen(names[i]) == len && memcmp(names[i], text, len) == 0)
			return (int) i;
	return -1;
}

/* Index of what text names, or -EINVAL with the nearest match. */
static int choose(const struct option_row *row, const char *text, struct err *err)
{
	size_t n;
	const char *const *names = option_choices(row, &n);
	int i = find_choice(names, n, text, strlen(text));

	return i < 0 ? no_choice(row, text, err) : i;
}

int parse_choice(const struct option_row *row, const char *text, void *field, struct err *err)
{
	int i = choose(row, text, err);

	if (i < 0)
		return i;
	*(unsigned *) field = (unsigned) i;
	return 0;
}

int parse_word(const struct option_row *row, const char *text, void *field, struct err *err)
{
	size_t n;
	int i = choose(row, text, err);

	if (i < 0)
		return i;
	*(const char **) field = option_choices(row, &n)[i];
	return 0;
}

int parse_set(const struct option_row *row, const char *text, void *field, struct err *err)
{
	size_t n;
	const char *const *names = option_choices(row, &n);
	unsigned set = 0;

	for (;;) {
		size_t len = strcspn(text, ",");
		int i = find_choice(names, n, text, len);

		if (i < 0) {
			char piece[64];

			snprintf(piece, sizeof(piece), "%.*s", (int) (len < 63 ? len : 63), text);
			return no_choice(row, piece, err);
		}
		set |= 1u << i;
		if (!text[len])
			break;
		text += len + 1;
	}
	*(unsigned *) field = set;
	return 0;
}
