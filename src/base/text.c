/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/cursor.h"

/* take_u64() fails for "too large" as for "no digits": tell them apart. */
static int why_no_number(const char *s)
{
	return isdigit((unsigned char) *s) && s[strspn(s, "0123456789")] == '\0' ? -ERANGE : -EINVAL;
}

int text_u64(const char *s, uint64_t *ret)
{
	const char *at = s;
	uint64_t value;

	if (!take_u64(&at, &value))
		return why_no_number(s);
	if (*at)
		return -EINVAL;
	*ret = value;
	return 0;
}

int text_i64(const char *s, int64_t *ret)
{
	bool negative = *s == '-';
	uint64_t limit = (uint64_t) INT64_MAX + negative, value;
	int r = text_u64(s + negative, &value);

	if (r < 0)
		return r;
	if (value > limit)
		return -ERANGE;
	*ret = negative ? -(int64_t) (value - (value > 0)) - (value > 0) : (int64_t) value;
	return 0;
}

/*
 * A decimal number with an optional fraction and exponent, at *at.  strtod()
 * alone would also take blanks, "inf", "nan" and hex floats; which letters
 * may follow is the caller's business.
 */
static bool take_decimal(const char **at, double *ret)
{
	const char *p = *at;
	char *end;
	double value;

	if (*p == '-' || *p == '+')
		p++;
	if (p[0] == '0' && (p[1] == 'x' || p[1] == 'X'))
		return false;
	if (!isdigit((unsigned char) p[0]) && !(p[0] == '.' && isdigit((unsigned char) p[1])))
		return false;
	value = strtod(*at, &end);
	*at = end;
	*ret = value;
	return true;
}

int text_double(const char *s, double *ret)
{
	double value;

	if (!take_decimal(&s, &value) || *s)
		return -EINVAL;
	if (!isfinite(value))
		return -ERANGE;
	*ret = value;
	return 0;
}

struct unit {
	const char *name;
	double factor;
};

/* The whole of s as NUMBER[UNIT], never negative, rounded to a whole number below 2^63. */
static int with_unit(const char *s, const struct unit *units, size_t n, uint64_t *ret)
{
	double value;

	if (*s == '-' || *s == '+' || !take_decimal(&s, &value))
		return -EINVAL;
	for (size_t i = 0; i < n; i++) {
		if (!text_eq(s, units[i].name))
			continue;
		value = value * units[i].factor + 0.5;
		if (!(value < 0x1p63))
			return -ERANGE;
		*ret = (uint64_t) value;
		return 0;
	}
	return -EINVAL;
}

int text_duration(const char *s, uint64_t *ret_ns)
{
	static const struct unit units[] = {
		{ "", 1e9 }, { "s", 1e9 },  { "ms", 1e6 },   { "us", 1e3 },
		{ "ns", 1 }, { "m", 60e9 }, { "min", 60e9 }, { "h", 3600e9 },
	};

	return with_unit(s, units, ARRAY_SIZE(units), ret_ns);
}

int text_size(const char *s, uint64_t *ret_bytes)
{
	static const struct unit units[] = {
		{ "", 1 },        { "k", 0x1p10 },  { "K", 0x1p10 },  { "M", 0x1p20 },   { "G", 0x1p30 },   { "T", 0x1p40 },
		{ "kB", 0x1p10 }, { "MB", 0x1p20 }, { "GB", 0x1p30 }, { "KiB", 0x1p10 }, { "MiB", 0x1p20 }, { "GiB", 0x1p30 },
	};

	return with_unit(s, units, ARRAY_SIZE(units), ret_bytes);
}

int text_bool(const char *s, bool *ret)
{
	static const struct {
		const char *name;
		bool value;
	} words[] = {
		{ "on", true },   { "yes", true }, { "true", true },   { "1", true },
		{ "off", false }, { "no", false }, { "false", false }, { "0", false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (text_eq(s, words[i].name)) {
			*ret = words[i].value;
			return 0;
		}
	}
	return -EINVAL;
}

bool text_eq(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

bool text_starts(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

bool text_ends(const char *s, const char *suffix)
{
	size_t n = strlen(s), m = strlen(suffix);

	return n >= m && text_eq(s + n - m, suffix);
}

char *text_trim(char *s)
{
	size_t n;

	s += strspn(s, " \t\r\n\v\f");
	n = strlen(s);
	while (n > 0 && isspace((unsigned char) s[n - 1]))
		n--;
	s[n] = '\0';
	return s;
}

bool text_is_name(const char *s)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
	size_t n = strlen(s);

	return n > 0 && n <= 64 && strspn(s, allowed) == n && isalnum((unsigned char) s[0]) && !strstr(s, "..");
}

bool text_print(char *buf, size_t cap, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(buf, cap, fmt, ap);
	va_end(ap);
	return n < 0 || (size_t) n >= cap;
}
