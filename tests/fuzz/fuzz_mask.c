/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/cpuset.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_FREE char *s = strndup((const char *) data, size);
	struct cpuset set = cpuset_one(77), again;
	char text[CPUSET_MAX / 4 + CPUSET_MAX / 32 + 1];

	if (!s)
		return 0;
	if (cpuset_parse_mask(s, &set) < 0) {
		if (!cpuset_has(&set, 77))
			abort();
		return 0;
	}
	cpuset_mask(&set, CPUSET_MAX, text, sizeof(text));
	if (cpuset_parse_mask(text, &again) < 0 || !cpuset_equal(&set, &again))
		abort();
	return 0;
}
