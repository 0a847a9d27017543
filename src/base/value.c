/* SPDX-License-Identifier: Apache-2.0 */
#include "base/value.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/cpuset.h"
#include "base/text.h"

static const char *const form_names[] = {
	[VALUE_TEXT] = "text",       [VALUE_NUMBER] = "number", [VALUE_CPULIST] = "cpulist",
	[VALUE_CPUMASK] = "cpumask", [VALUE_CHOICE] = "choice", [VALUE_CONTROLLERS] = "controllers",
};

const char *value_form_name(enum value_form form)
{
	return form_names[form];
}

bool value_form_parse(const char *name, enum value_form *ret)
{
	for (size_t i = 0; i < ARRAY_SIZE(form_names); i++) {
		if (strcmp(form_names[i], name) == 0) {
			*ret = (enum value_form) i;
			return true;
		}
	}
	return false;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool collapse(const char *raw, size_t n, char *buf, size_t cap)
{
	size_t len = 0;

	for (size_t i = 0; i < n; i++) {
		bool gap = is_blank(raw[i]);

		if (gap && (len == 0 || buf[len - 1] == ' '))
			continue;
		if (len + 1 >= cap) {
			buf[len] = '\0';
			return false;
		}
		buf[len++] = gap ? ' ' : raw[i];
	}
	if (len && buf[len - 1] == ' ')
		len--;
	buf[len] = '\0';
	return true;
}

bool value_clean(enum value_form form, const char *raw, char *buf, size_t cap)
{
	const char *open = form == VALUE_CHOICE ? strpbrk(raw, "[(") : NULL;
	const char *close = open ? strpbrk(open, "])") : NULL;

	if (close)
		return collapse(open + 1, (size_t) (close - open - 1), buf, cap);
	return collapse(raw, strlen(raw), buf, cap);
}

/* One blank-separated number; the kernel's booleans read back as Y and N. */
static bool take_number(const char **at, long long *ret)
{
	char word[32];
	int64_t n;
	size_t len = strcspn(*at, " ");

	if (len == 0 || len >= sizeof(word))
		return false;
	memcpy(word, *at, len);
	word[len] = '\0';
	if (strcmp(word, "Y") == 0 || strcmp(word, "N") == 0)
		n = word[0] == 'Y';
	else if (text_i64(word, &n) < 0)
		return false;
	*ret = n;
	*at += len + ((*at)[len] == ' ');
	return true;
}

static bool same_numbers(const char *a, const char *b)
{
	long long x, y;

	while (*a && *b) {
		if (!take_number(&a, &x) || !take_number(&b, &y) || x != y)
			return false;
	}
	return !*a && !*b;
}

static bool same_cpus(const char *a, const char *b, int (*parse)(const char *, struct cpuset *))
{
	struct cpuset x, y;

	return parse(a, &x) == 0 && parse(b, &y) == 0 && cpuset_equal(&x, &y);
}

/* Does the set of words hold this one of length n? */
static bool has_word(const char *set, const char *word, size_t n)
{
	for (const char *at = set; *at; at += strcspn(at, " "), at += *at == ' ') {
		if (strcspn(at, " ") == n && memcmp(at, word, n) == 0)
			return true;
	}
	return false;
}

static bool words_within(const char *inner, const char *outer)
{
	for (const char *at = inner; *at; at += strcspn(at, " "), at += *at == ' ') {
		if (!has_word(outer, at, strcspn(at, " ")))
			return false;
	}
	return true;
}

/* A change is the same as a state in which it has been made. */
static bool same_controllers(const char *a, const char *b)
{
	if (b[0] == '+')
		return has_word(a, b + 1, strlen(b + 1));
	if (b[0] == '-')
		return !has_word(a, b + 1, strlen(b + 1));
	return words_within(a, b) && words_within(b, a);
}

static bool put_changes(const char *from, const char *to, char sign, char *buf, size_t cap)
{
	for (const char *at = from; *at; at += strcspn(at, " "), at += *at == ' ') {
		size_t n = strcspn(at, " "), len = strlen(buf);

		if (n && !has_word(to, at, n) && text_print(buf + len, cap - len, "%s%c%.*s", len ? " " : "", sign, (int) n, at))
			return false;
	}
	return true;
}

bool value_change(enum value_form form, const char *now, const char *want, char *buf, size_t cap)
{
	char is[VALUE_MAX], to[VALUE_MAX];

	if (form == VALUE_CHOICE)
		return value_clean(form, want, buf, cap);
	if (form != VALUE_CONTROLLERS || want[0] == '+' || want[0] == '-')
		return !text_print(buf, cap, "%s", want);
	if (!collapse(now, strlen(now), is, sizeof(is)) || !collapse(want, strlen(want), to, sizeof(to)))
		return false;
	buf[0] = '\0';
	return put_changes(to, is, '+', buf, cap) && put_changes(is, to, '-', buf, cap);
}

bool value_same(enum value_form form, const char *a, const char *b)
{
	char x[VALUE_MAX], y[VALUE_MAX];

	if (!value_clean(form, a, x, sizeof(x)) || !value_clean(form, b, y, sizeof(y)))
		return strcmp(a, b) == 0;
	if (strcmp(x, y) == 0)
		return true;
	if (form == VALUE_NUMBER)
		return same_numbers(x, y);
	if (form == VALUE_CONTROLLERS)
		return same_controllers(x, y);
	if (form == VALUE_CPULIST)
		return same_cpus(x, y, cpuset_parse_list);
	if (form == VALUE_CPUMASK)
		return same_cpus(x, y, cpuset_parse_mask);
	return false;
}
