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
	static char text[CPUSET_MAX * 6];
	struct cpuset set = cpuset_one(77), again;
	const char *at = s;

	if (!s)
		return 0;
	if (!take_cpulist(&at, &set) && (at != s || !cpuset_has(&set, 77)))
		abort();
	if (cpuset_parse_list(s, &set) < 0)
		return 0;
	/* What is printed means the same set. */
	cpuset_list(&set, text, sizeof(text));
	if (cpuset_parse_list(text, &again) < 0 || !cpuset_equal(&set, &again))
		abort();
	return 0;
}
