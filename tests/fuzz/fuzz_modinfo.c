/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "vm/modinfo.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const keys[] = { "depends", "softdep", "vermagic", "" };
	struct modinfo m = { 0 };
	struct err err = { 0 };
	const char *value;

	if (modinfo_find(&m, data, size, &err) < 0) {
		if (err.code >= 0 || !err.text[0] || m.at)
			abort();
		return 0;
	}
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		for (unsigned n = 0; (value = modinfo_get(&m, keys[i], n)); n++) {
			/* Values end inside the section. */
			if (value < m.at || value + strlen(value) >= m.at + m.len)
				abort();
		}
	}
	return 0;
}
