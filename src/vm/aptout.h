/* SPDX-License-Identifier: Apache-2.0 */
/* aptout - what apt-cache prints (LC_ALL=C), as values. Both parsers are total: any text is safe. */
#ifndef VM_APTOUT_H
#define VM_APTOUT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct apt_package {
	char name[128];
	char version[96];
	char sha256[65];
	uint64_t size;
};

/* A Debian package name (policy 5.6.7): lower-case letters, digits, + - . */
bool apt_is_name(const char *s);

/* The next name that is a hard dependency in `apt-cache depends`, moving *at; false at the end. */
bool apt_next_depends(const char **at, char *buf, unsigned cap);

/* The first stanza of `apt-cache show`; -ENOENT names the field that is missing. */
int apt_show_parse(const char *text, struct apt_package *ret, struct err *err);

#endif
