/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "vm/aptout.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_FREE char *text = strndup((const char *) data, size);
	struct apt_package p = { 0 };
	struct err err = { 0 };
	const char *at = text;
	char name[64];

	if (!text)
		return 0;
	/* Whatever comes out may be a word of a command line: never an option, never a path. */
	while (apt_next_depends(&at, name, sizeof(name))) {
		if (!apt_is_name(name) || name[0] == '-' || strchr(name, '/'))
			abort();
	}
	if (apt_show_parse(text, &p, &err) == 0 &&
	    (!apt_is_name(p.name) || !p.size || strlen(p.sha256) != 64 || strchr(p.version, '/')))
		abort();
	return 0;
}
