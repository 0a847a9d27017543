/* SPDX-License-Identifier: Apache-2.0 */
#include "host/mount.h"

#include <string.h>

#include "base/cursor.h"
#include "base/text.h"

static bool is_octal(char c)
{
	return c >= '0' && c <= '7';
}

/* \ooo; '\0' when it is none, or one of the end of a string, which no kernel writes. */
static char escaped(const char *s)
{
	if (s[0] != '\\' || !is_octal(s[1]) || !is_octal(s[2]) || !is_octal(s[3]))
		return '\0';
	return (char) ((s[1] - '0') << 6 | (s[2] - '0') << 3 | (s[3] - '0'));
}

/* Blanks, tabs, newlines and backslashes are written as \ooo. */
static void unescape(char *s)
{
	char *out = s;

	for (; *s; s++) {
		if (escaped(s)) {
			*out++ = escaped(s);
			s += 3;
		} else {
			*out++ = *s;
		}
	}
	*out = '\0';
}

static bool take_field(const char **at, char *buf, unsigned cap)
{
	return take_blanks(at) && take_word(at, buf, cap);
}

static bool parse(const char *line, struct mount_line *m)
{
	char skip[256];

	for (int i = 0; i < 3; i++) {
		if (!take_field(&line, skip, sizeof(skip)))
			return false;
	}
	if (!take_field(&line, m->root, sizeof(m->root)) || !take_field(&line, m->dir, sizeof(m->dir)) ||
	    !take_field(&line, m->options, sizeof(m->options)))
		return false;
	do { /* optional fields end with a lone hyphen */
		if (!take_field(&line, skip, sizeof(skip)))
			return false;
	} while (!text_eq(skip, "-"));
	if (!take_field(&line, m->type, sizeof(m->type)) || !take_field(&line, skip, sizeof(skip)))
		return false;
	if (!take_field(&line, m->super, sizeof(m->super)))
		m->super[0] = '\0';
	unescape(m->root);
	unescape(m->dir);
	return true;
}

bool take_mount(const char **at, struct mount_line *ret)
{
	char line[2048];

	if (!take_line(at, line, sizeof(line)))
		return false;
	memset(ret, 0, sizeof(*ret));
	if (!parse(line, ret))
		ret->type[0] = '\0';
	return true;
}

bool mount_has_option(const char *options, const char *word)
{
	size_t n = strlen(word);

	for (const char *at = options; *at; at += strcspn(at, ","), at += *at == ',') {
		if (strcspn(at, ",") == n && memcmp(at, word, n) == 0)
			return true;
	}
	return false;
}
