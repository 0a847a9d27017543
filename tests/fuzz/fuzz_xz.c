/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <stdlib.h>

#include "vm/unpack.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err err = { 0 };
	char *out = NULL;
	size_t len = 0;

	if (xz_unpack(data, size, &out, &len, &err) < 0) {
		if (err.code >= 0 || !err.text[0] || out)
			abort();
		return 0;
	}
	if (len > MODULE_BYTES_MAX)
		abort();
	free(out);
	return 0;
}
