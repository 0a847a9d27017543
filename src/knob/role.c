/* SPDX-License-Identifier: Apache-2.0 */
#include "knob/role.h"

#include <string.h>

#include "base/cpuset.h"
#include "base/cursor.h"
#include "base/text.h"

const char *const role_names[ROLE_COUNT + 1] = {
	[ROLE_VM_HOST] = "vm-host",
	[ROLE_CONTAINER_HOST] = "container-host",
	[ROLE_GUEST] = "guest",
	[ROLE_REALTIME] = "realtime",
};

bool role_parse(const char *name, enum role *ret)
{
	for (unsigned i = 0; i < ROLE_COUNT; i++) {
		if (text_eq(name, role_names[i])) {
			*ret = (enum role) i;
			return true;
		}
	}
	return false;
}

enum severity severity_of(unsigned effect)
{
	if (effect == 0)
		return SEVERITY_INFO;
	return effect >= 7 ? SEVERITY_HIGH : effect >= 4 ? SEVERITY_MEDIUM : SEVERITY_LOW;
}

const char *severity_name(enum severity s)
{
	static const char *const names[] = {
		[SEVERITY_INFO] = "info", [SEVERITY_LOW] = "low", [SEVERITY_MEDIUM] = "medium", [SEVERITY_HIGH] = "high"
	};

	return names[s];
}

static bool parse_cpus(enum value_form form, const char *text, struct cpuset *ret)
{
	return (form == VALUE_CPUMASK ? cpuset_parse_mask(text, ret) : cpuset_parse_list(text, ret)) == 0;
}

/* at_least: now holds the bound; else the bound holds now. */
static bool within_bound(enum value_form form, const char *now, const char *bound, bool at_least)
{
	struct cpuset a, b;
	int64_t x, y;

	if (form == VALUE_CPULIST || form == VALUE_CPUMASK) {
		if (!parse_cpus(form, now, &a) || !parse_cpus(form, bound, &b))
			return false;
		return at_least ? cpuset_within(&b, &a) : cpuset_within(&a, &b);
	}
	if (text_i64(now, &x) < 0 || text_i64(bound, &y) < 0)
		return false;
	return at_least ? x >= y : x <= y;
}

static bool without(enum value_form form, const char *now, const char *cpus)
{
	struct cpuset a, b, both;

	if (!parse_cpus(form, now, &a) || !parse_cpus(form, cpus, &b))
		return false;
	both = cpuset_and(&a, &b);
	return cpuset_empty(&both);
}

static bool met_one(enum value_form form, const char *now, const char *want)
{
	const char *at = want;

	if (take_text(&at, ">="))
		return within_bound(form, now, at, true);
	if (take_text(&at, "<="))
		return within_bound(form, now, at, false);
	if (take_char(&at, '^'))
		return without(form, now, at);
	if (take_char(&at, '!'))
		return !value_same(form, now, at);
	return value_same(form, now, want);
}

bool want_met(enum value_form form, const char *now, const char *want)
{
	char clean[VALUE_MAX], one[VALUE_MAX];

	if (text_eq(want, "?"))
		return true;
	if (!value_clean(form, now, clean, sizeof(clean)))
		return false;
	for (const char *at = want;; at++) {
		size_t n = strcspn(at, "|");

		if (!text_print(one, sizeof(one), "%.*s", (int) n, at) && met_one(form, clean, one))
			return true;
		at += n;
		if (!*at)
			return false;
	}
}

char *want_words(const char *want, char *buf, size_t cap)
{
	static const struct {
		const char *sign, *words;
	} rows[] = { { ">=", "at least " }, { "<=", "at most " }, { "!", "not " }, { "^", "without " } };
	size_t len = 0;

	buf[0] = '\0';
	for (const char *at = want;; at++) {
		size_t n = strcspn(at, "|"), r = 0;

		while (r < sizeof(rows) / sizeof(rows[0]) && !text_starts(at, rows[r].sign))
			r++;
		if (r < sizeof(rows) / sizeof(rows[0])) {
			size_t sign = strlen(rows[r].sign);

			text_print(buf + len, cap - len, "%s%s%.*s", len ? " or " : "", rows[r].words, (int) (n - sign),
				   at + sign);
		} else {
			text_print(buf + len, cap - len, "%s%.*s", len ? " or " : "", n ? (int) n : 9, n ? at : "not given");
		}
		len = strlen(buf);
		at += n;
		if (!*at)
			return buf;
	}
}

char *want_literal(const char *want, char *buf, size_t cap)
{
	const char *at = want;

	if (take_char(&at, '!') || take_char(&at, '^') || text_eq(want, "?") || text_eq(want, "*"))
		at = "";
	else if (!take_text(&at, ">="))
		take_text(&at, "<=");
	text_print(buf, cap, "%.*s", (int) strcspn(at, "|"), at);
	return buf;
}
