/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jsonw - JSON written as it comes, for what is large and built once: without
 * a tree of it in memory.  The bytes are those of jansson's JSON_INDENT(2).
 */
#ifndef BASE_JSONW_H
#define BASE_JSONW_H

#include <stdbool.h>
#include <stdint.h>

#include "base/sink.h"

struct jsonw {
	struct sink *out;       /* all others zero at the start */
	unsigned depth;
	bool filled;            /* the object or array that is open has something in it */
};

/* name: of the member, NULL in an array and for the outermost value. */
void jw_object(struct jsonw *w, const char *name);
void jw_array(struct jsonw *w, const char *name);
void jw_end_object(struct jsonw *w);
void jw_end_array(struct jsonw *w);
void jw_text(struct jsonw *w, const char *name, const char *text);      /* NULL is null; what is no UTF-8 becomes U+FFFD */
void jw_text_or_null(struct jsonw *w, const char *name, const char *text);      /* "" is null too */
void jw_int(struct jsonw *w, const char *name, int64_t n);
void jw_bool(struct jsonw *w, const char *name, bool b);
void jw_null(struct jsonw *w, const char *name);

#endif
