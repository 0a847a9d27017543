/* SPDX-License-Identifier: Apache-2.0 */
/* sink - text that grows: the one way to build output, written to a file or a fd at the end. */
#ifndef BASE_SINK_H
#define BASE_SINK_H

#include <stdarg.h>
#include <stddef.h>

struct sink {
	char *text;             /* NUL-terminated once anything was put; may be NULL before */
	size_t len, cap;
};

void sink_put(struct sink *s, const char *text);
void sink_putn(struct sink *s, const char *text, size_t n);
void sink_char(struct sink *s, char c);
void sink_printf(struct sink *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void sink_vprintf(struct sink *s, const char *fmt, va_list ap) __attribute__((format(printf, 2, 0)));
void sink_xml(struct sink *s, const char *text);        /* & < > " ' escaped, control characters dropped */
int sink_write(const struct sink *s, int fd);           /* all of it; negative errno */
void sink_free(struct sink *s);

#endif
