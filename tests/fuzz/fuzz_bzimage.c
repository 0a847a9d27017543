/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "vm/bzimage.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err err = { 0 };
	char version[40] = "";

	if (bzimage_version(data, size, version, sizeof(version), &err) < 0)
		return 0;
	/* It becomes the name of a folder. */
	if (!version[0] || strchr(version, '/') || version[0] == '.')
		abort();
	return 0;
}
