/* SPDX-License-Identifier: Apache-2.0 */
/* entry_text - one file of loader/entries (the Boot Loader Specification, type 1).  Pure; fuzzed by fuzz_bootentry. */
#ifndef BOOT_ENTRY_TEXT_H
#define BOOT_ENTRY_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/sink.h"

/* The value of the last such key, blanks trimmed; false when there is none. */
bool entry_get(const char *text, const char *key, char *buf, size_t cap);
/* All option lines, joined by blanks as loaders join them; false when there is none. */
bool entry_options(const char *text, struct sink *out);
/* vlat's block at the end of the last option line (a line is made where there is none); NULL takes blocks out.  The rest is kept
 * byte by byte. */
void entry_edit(const char *text, const char *block, struct sink *out);
/* The same with another title, and as old as can be (version 0), so that it never sorts before its original. */
void entry_copy(const char *text, const char *title, const char *block, struct sink *out);

#endif
