/* SPDX-License-Identifier: Apache-2.0 */
/* A container's name out of its engine's file: short, ended, and fit to be printed. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "knob/containers.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char name[128];

	container_name_of((const char *) data, size, "0123", name, sizeof(name));
	if (!memchr(name, '\0', sizeof(name)))
		abort();
	for (const char *c = name; *c; c++) {
		if ((unsigned char) *c < ' ' || *c == 127)
			abort();
	}
	return 0;
}
