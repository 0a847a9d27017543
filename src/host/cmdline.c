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

bool take_param(const char **at, struct cmdline_param *ret)
{
	const char *p = *at + strspn(*at, " \t\n");
	size_t len = param_length(p), name = 0;
	struct cmdline_param param = { .has_value = false };

	if (len == 0 || (len == 2 && memcmp(p, "--", 2) == 0))
		return false;
	while (name < len && p[name] != '=')
		name++;
	copy_unquoted(param.name, sizeof(param.name), p, name);
	if (name < len) {
		param.has_value = true;
		copy_unquoted(param.value, sizeof(param.value), p + name + 1, len - name - 1);
	}
	*at = p + len;
	*ret = param;
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

bool cmdline_find(const char *cmdline, const char *name, struct cmdline_param *ret)
{
	struct cmdline_param p;
	bool found = false;

	while (take_param(&cmdline, &p)) {
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
