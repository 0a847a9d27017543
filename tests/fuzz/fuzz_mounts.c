/* SPDX-License-Identifier: Apache-2.0 */
/* /proc/self/mountinfo as the host room reads it. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "host/mount.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	const char *at = text, *before;
	struct mount_line m;

	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	for (before = at; take_mount(&at, &m); before = at) {
		if (at <= before || (m.type[0] && !m.dir[0]))
			abort();
		mount_has_option(m.options, "rw");
	}
	if (at != before)
		abort();
	free(text);
	return 0;
}
