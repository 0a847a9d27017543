/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel's two ways to write a set of CPUs.
 *
 * cpulist: comma-separated numbers and ranges, "0-3,8".  A range may end in
 * ":USED/GROUP": of every GROUP numbers the first USED ("0-7:2/4" = 0,1,4,5).
 * "all" and "N" (the last CPU) are words that only the kernel, which knows how
 * many there are, can read; they are refused here.
 *
 * mask: 32-bit hex words, the highest CPUs first, joined by commas.  The
 * kernel reads words of fewer than eight digits too, one without any comma as
 * well; longer words (as in /proc/self/status on no kernel, but typed by
 * people: "ffffffffff") are taken when there is no comma at all.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cpuset.h"
#include "base/cursor.h"
#include "base/text.h"

struct range {
	uint64_t first, last, used, group;
};

static bool take_range(const char **at, struct range *ret)
{
	const char *p = *at;
	struct range r = { .used = 1, .group = 1 };

	if (!take_u64(&p, &r.first))
		return false;
	r.last = r.first;
	if (take_char(&p, '-')) {
		if (!take_u64(&p, &r.last))
			return false;
		if (take_char(&p, ':') && (!take_u64(&p, &r.used) || !take_char(&p, '/') || !take_u64(&p, &r.group)))
			return false;
	}
	if (r.last < r.first || r.used == 0 || r.used > r.group)
		return false;
	*at = p;
	*ret = r;
	return true;
}

/* False when a number of the range is no CPU number. */
static bool add_range(struct cpuset *s, const struct range *r)
{
	if (r->last >= CPUSET_MAX)
		return false;
	for (uint64_t cpu = r->first; cpu <= r->last; cpu++)
		if ((cpu - r->first) % r->group < r->used)
			cpuset_add(s, (unsigned) cpu);
	return true;
}

/* *ret_range tells "no CPU number" from "no list" when false. */
static bool take_list(const char **at, struct cpuset *ret, bool *ret_range)
{
	const char *p = *at;
	struct cpuset s = { 0 };
	struct range r;

	*ret_range = false;
	if (*p >= '0' && *p <= '9') {
		do {
			if (!take_range(&p, &r))
				return false;
			if (!add_range(&s, &r)) {
				*ret_range = true;
				return false;
			}
		} while (take_char(&p, ','));
	}
	*at = p;
	*ret = s;
	return true;
}

bool take_cpulist(const char **at, struct cpuset *ret)
{
	bool range;

	return take_list(at, ret, &range);
}

static bool at_end(const char *s)
{
	return s[strspn(s, " \t\n")] == '\0';
}

int cpuset_parse_list(const char *s, struct cpuset *ret)
{
	struct cpuset set;
	bool range;

	take_blanks(&s);
	if (!take_list(&s, &set, &range))
		return range ? -ERANGE : -EINVAL;
	if (!at_end(s))
		return -EINVAL;
	*ret = set;
	return 0;
}

/* The caller has seen that it is a hex digit. */
static unsigned nibble(char c)
{
	return (unsigned) (c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
}

/* Digits from s up to end, the last one being bits 0..3 of the word whose lowest bit is `base`. */
static int add_digits(struct cpuset *set, const char *s, const char *end, unsigned base)
{
	unsigned bit = base;

	while (end > s) {
		unsigned v = nibble(*--end);

		for (unsigned i = 0; i < 4; i++)
			if (v >> i & 1) {
				if (bit + i >= CPUSET_MAX)
					return -ERANGE;
				cpuset_add(set, bit + i);
			}
		bit = bit < CPUSET_MAX ? bit + 4 : bit;
	}
	return 0;
}

int cpuset_parse_mask(const char *s, struct cpuset *ret)
{
	static const char hex[] = "0123456789abcdefABCDEF";
	struct cpuset set = { 0 };
	const char *end, *word;
	unsigned base = 0;
	bool grouped;
	int r;

	take_blanks(&s);
	if (!take_text(&s, "0x"))
		take_text(&s, "0X");
	end = s + strspn(s, "0123456789abcdefABCDEF,");
	if (end == s || !at_end(end))
		return -EINVAL;
	grouped = memchr(s, ',', (size_t) (end - s)) != NULL;
	/* From the lowest word, the last one, up. */
	for (;; end = word - 1, base += 32) {
		for (word = end; word > s && word[-1] != ','; word--)
			;
		if (word == end || strspn(word, hex) < (size_t) (end - word) || (grouped && end - word > 8))
			return -EINVAL;
		if (base > CPUSET_MAX)
			base = CPUSET_MAX; /* zeros above the highest CPU are harmless */
		r = add_digits(&set, word, end, base);
		if (r < 0)
			return r;
		if (word == s)
			break;
	}
	*ret = set;
	return 0;
}

/* A list that ends too early would be another set: dots in place of its last ranges make it none. */
static void cut_list(char *buf, size_t cap)
{
	static const char dots[] = "...";
	char *end = buf + strlen(buf);

	for (;;) {
		while (end > buf && end[-1] != ',')
			end--;
		if (end == buf || (size_t) (end - buf) + sizeof(dots) <= cap)
			break;
		end--;
	}
	*end = '\0';
	if ((size_t) (end - buf) + sizeof(dots) <= cap)
		memcpy(end, dots, sizeof(dots));
}

char *cpuset_list(const struct cpuset *s, char *buf, size_t cap)
{
	size_t used = 0;
	int last;

	if (cap == 0)
		return buf;
	buf[0] = '\0';
	for (int c = -1; (c = cpuset_next(s, c)) >= 0; c = last) {
		char part[32];
		size_t n;

		for (last = c; cpuset_has(s, (unsigned) last + 1); last++)
			;
		if (last == c)
			snprintf(part, sizeof(part), "%s%d", used ? "," : "", c);
		else
			snprintf(part, sizeof(part), "%s%d-%d", used ? "," : "", c, last);
		n = strlen(part);
		if (used + n + 1 > cap) {
			cut_list(buf, cap);
			break;
		}
		memcpy(buf + used, part, n + 1);
		used += n;
	}
	return buf;
}

char *cpuset_mask(const struct cpuset *s, unsigned ncpus, char *buf, size_t cap)
{
	unsigned n = ncpus == 0 ? 1 : ncpus > CPUSET_MAX ? CPUSET_MAX : ncpus;
	size_t used = 0;

	if (cap == 0)
		return buf;
	buf[0] = '\0';
	for (int i = (int) ((n - 1) / 32); i >= 0; i--) {
		unsigned digits = 8;
		uint32_t word = (uint32_t) (s->word[i / 2] >> (i % 2 * 32));

		if ((unsigned) i == (n - 1) / 32)
			digits = ((n - 1) % 32) / 4 + 1; /* the kernel prints only the digits that exist */
		if (used + digits + 2 > cap)
			break;
		used += (size_t) snprintf(buf + used, cap - used, "%0*x%s", (int) digits, word, i ? "," : "");
	}
	return buf;
}
