/* SPDX-License-Identifier: Apache-2.0 */
#include "host/cmdline.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/cursor.h"
#include "base/text.h"

const char *effect_name(enum effect e)
{
	static const char *const names[] = {
		[EFFECT_NONE_TO_SEE] = "cannot tell", [EFFECT_YES] = "yes", [EFFECT_NO] = "no", [EFFECT_PARTLY] = "partly"
	};

	return names[e];
}

/* Length of one parameter: up to a blank that is not between quotes. */
static size_t param_length(const char *at)
{
	bool quoted = false;
	size_t n = 0;

	for (; at[n] && (quoted || !isspace((unsigned char) at[n])); n++)
		quoted ^= at[n] == '"';
	return n;
}

/* Without the quotes around a value or around the whole. */
static void copy_unquoted(char *buf, size_t cap, const char *from, size_t len)
{
	size_t used = 0;

	for (size_t i = 0; i < len && used + 1 < cap; i++) {
		if (from[i] != '"')
			buf[used++] = from[i];
	}
	buf[used] = '\0';
}

/* Where the next one is and how long; *at is behind it then. */
static bool next_word(const char **at, const char **ret, size_t *len)
{
	const char *p = *at + strspn(*at, " \t\n");

	*len = param_length(p);
	if (*len == 0 || (*len == 2 && memcmp(p, "--", 2) == 0))
		return false;
	*ret = p;
	*at = p + *len;
	return true;
}

static void param_of(const char *p, size_t len, struct cmdline_param *ret)
{
	const char *equals = memchr(p, '=', len);
	size_t name = equals ? (size_t) (equals - p) : len;

	ret->has_value = equals != NULL;
	ret->value[0] = '\0';
	copy_unquoted(ret->name, sizeof(ret->name), p, name);
	if (equals)
		copy_unquoted(ret->value, sizeof(ret->value), equals + 1, len - name - 1);
}

bool take_param(const char **at, struct cmdline_param *ret)
{
	const char *p;
	size_t len;

	if (!next_word(at, &p, &len))
		return false;
	param_of(p, len, ret);
	return true;
}

static bool same_name(const char *a, const char *b)
{
	for (; *a && *b; a++, b++) {
		if ((*a == '-' ? '_' : *a) != (*b == '-' ? '_' : *b))
			return false;
	}
	return *a == *b;
}

/* A quick no for most: what begins with a letter begins with that of its name. */
static bool may_be(const char *p, const char *name)
{
	return *p == *name || !isalpha((unsigned char) *p);
}

bool cmdline_find(const char *cmdline, const char *name, struct cmdline_param *ret)
{
	struct cmdline_param p;
	bool found = false;
	const char *word;
	size_t len;

	while (next_word(&cmdline, &word, &len)) {
		if (!may_be(word, name))
			continue;
		param_of(word, len, &p);
		if (!same_name(p.name, name))
			continue;
		*ret = p;
		found = true;
	}
	return found;
}

static void bad_token(struct isolcpus *s, const char *at)
{
	text_print(s->bad, sizeof(s->bad), "%.*s", (int) strcspn(at, ","), at);
}

/*
 * kernel/sched/isolation.c, housekeeping_isolcpus_setup(): words are flags up to
 * the first that starts with no letter; an unknown word of letters is skipped, one
 * with another character in it drops the parameter.  No flag means domain.
 */
int isolcpus_parse(const char *value, struct isolcpus *ret)
{
	struct isolcpus s = { .domain = false };
	const char *at = value;

	while (isalpha((unsigned char) *at)) {
		size_t len = strcspn(at, ",");

		if (len == 4 && strncmp(at, "nohz", 4) == 0)
			s.nohz = true;
		else if (len == 6 && strncmp(at, "domain", 6) == 0)
			s.domain = true;
		else if (len == 11 && strncmp(at, "managed_irq", 11) == 0)
			s.managed_irq = true;
		for (size_t i = 0; i < len; i++) {
			if (!isalpha((unsigned char) at[i]) && at[i] != '_') {
				bad_token(&s, at);
				*ret = s;
				return -EINVAL;
			}
		}
		at += len + (at[len] == ',');
	}
	if (!s.nohz && !s.domain && !s.managed_irq)
		s.domain = true;
	if (cpuset_parse_list(at, &s.cpus) < 0 || cpuset_empty(&s.cpus)) {
		text_print(s.bad, sizeof(s.bad), "%s", at);
		*ret = s;
		return -EINVAL;
	}
	*ret = s;
	return 0;
}
