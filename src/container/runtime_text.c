/* SPDX-License-Identifier: Apache-2.0 */
/* What runtimes print, made fit for one sentence.  Fuzzed: tests/fuzz/fuzz_runtime_text.c. */
#include <string.h>

#include "base/cursor.h"
#include "base/text.h"
#include "container/bundle.h"

/* The value of msg="..." with its escapes undone (logrus of runc), in place; the line itself when there is none. */
static char *message_of(char *line)
{
	char *from = strstr(line, "msg=\""), *to;

	if (!from)
		return line;
	line = from += strlen("msg=\"");
	for (to = from; *from && *from != '"'; from++) {
		if (*from == '\\' && from[1])
			from++;
		*to++ = *from;
	}
	*to = '\0';
	return line;
}

/* Terminal colours and other control characters have no place in a sentence. */
static void make_plain(char *s)
{
	char *to = s;

	for (; *s; s++) {
		if (*s == '\033') {
			while (s[1] && *s != 'm')
				s++;
			continue;
		}
		*to++ = (unsigned char) *s < ' ' || *s == 0x7f ? ' ' : *s;
	}
	*to = '\0';
}

char *runtime_complaint(const char *text, char *buf, size_t cap)
{
	char line[1024];

	buf[0] = '\0';
	while (take_line(&text, line, sizeof(line))) {
		char *said;

		make_plain(line);
		said = text_trim(message_of(line));
		if (*said)
			(void) text_print(buf, cap, "%s", said);
	}
	return buf;
}

char *runtime_version(const char *text, char *buf, size_t cap)
{
	char line[128] = "", name[64], word[64];
	const char *at = line;

	(void) take_line(&text, line, sizeof(line));
	make_plain(line);
	if (take_word(&at, name, sizeof(name)) && take_blanks(&at) && take_word(&at, word, sizeof(word)) &&
	    text_eq(word, "version") && take_blanks(&at) && *at)
		(void) text_print(buf, cap, "%s", at);
	else
		(void) text_print(buf, cap, "%s", line);
	return buf;
}
