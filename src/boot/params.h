/* SPDX-License-Identifier: Apache-2.0 */
/* params - kernel command lines as texts: what is vlat's, what is not.  Pure; fuzzed by fuzz_bootparams. */
#ifndef BOOT_PARAMS_H
#define BOOT_PARAMS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/cpuset.h"
#include "base/err.h"
#include "base/sink.h"

#define PARAMS_BEGIN "vlat.boot="
#define PARAMS_END   "vlat.end"

/* The next word, quotes and all, without the blanks around; false at the end.  "--" is a word. */
bool params_next(const char **at, const char **ret, size_t *ret_len);
/* Two words name one parameter: '-' and '_' are the same letter. */
bool params_same_name(const char *a, size_t a_len, const char *b, size_t b_len);
/* The value of the last such word, quotes gone, "" when bare; false when there is none.  Behind "--" nothing is looked at. */
bool params_find(const char *line, const char *name, char *buf, size_t cap);

/* Words that may stand in every loader's configuration without a quote: letters, digits and "_.,:=/+@-". */
bool params_plain(const char *words);
/* "vlat.boot=ID WORDS vlat.end" */
char *params_block(const char *id, const char *words);
/* Everything but vlat's blocks; a line without one comes back byte by byte.  1 = there was one. */
int params_strip(const char *line, struct sink *out);
/* Stripped, then the block behind the last parameter of the kernel's (before "--"). */
void params_append(const char *line, const char *block, struct sink *out);
/* The words inside the last block, and its id; false when there is none. */
bool params_ours(const char *line, char *id, size_t id_cap, struct sink *words);

/* What COMMAND_LINE_SIZE leaves for text on this kind of machine ("x86_64"). */
size_t params_limit(const char *machine);

/* "1-63:1/2" where the set repeats, else ranges: as short as the kernel reads it. */
char *params_cpulist(const struct cpuset *set, char *buf, size_t cap);

#endif
