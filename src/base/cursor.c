/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cursor.h"

#include <string.h>

bool take_char(const char **at, char c)
{
	if (c == '\0' || **at != c)
		return false;
	++*at;
	return true;
}

bool take_text(const char **at, const char *literal)
{
	size_t n = strlen(literal);

	if (strncmp(*at, literal, n) != 0)
		return false;
	*at += n;
	return true;
}

static int digit_value(char c, unsigned base)
{
	int v = -1;

	if (c >= '0' && c <= '9')
		v = c - '0';
	else if (c >= 'a' && c <= 'f')
		v = c - 'a' + 10;
	else if (c >= 'A' && c <= 'F')
		v = c - 'A' + 10;
	return v >= 0 && (unsigned) v < base ? v : -1;
}

static bool take_number(const char **at, unsigned base, uint64_t *ret)
{
	const char *p = *at;
	uint64_t value = 0;
	int digit;

	while ((digit = digit_value(*p, base)) >= 0) {
		if (__builtin_mul_overflow(value, (uint64_t) base, &value) ||
		    __builtin_add_overflow(value, (uint64_t) digit, &value))
			return false;
		p++;
	}
	if (p == *at)
		return false;
	*at = p;
	*ret = value;
	return true;
}

bool take_u64(const char **at, uint64_t *ret)
{
	return take_number(at, 10, ret);
}

bool take_hex(const char **at, uint64_t *ret)
{
	return take_number(at, 16, ret);
}

bool take_blanks(const char **at)
{
	*at += strspn(*at, " \t");
	return true;
}

bool take_word(const char **at, char *buf, unsigned cap)
{
	size_t n = strcspn(*at, " \t\n");

	if (n == 0 || n >= cap)
		return false;
	memcpy(buf, *at, n);
	buf[n] = '\0';
	*at += n;
	return true;
}

bool take_line(const char **at, char *buf, unsigned cap)
{
	size_t n = strcspn(*at, "\n"), kept;

	if (**at == '\0' || cap == 0)
		return false;
	kept = n < cap ? n : cap - 1;
	memcpy(buf, *at, kept);
	buf[kept] = '\0';
	*at += n + ((*at)[n] == '\n');
	return true;
}
