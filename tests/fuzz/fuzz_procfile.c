/* SPDX-License-Identifier: Apache-2.0 */
/* The texts of /proc that the agent reads about itself; a NUL parts the first text from the second. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "workload/procfile.h"
#include "workload/usage.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cpuset cpus = cpuset_one(0);
	char *text = malloc(size + 2), dir[64];
	const char *second;
	uint64_t v;

	memcpy(text, data, size);
	text[size] = text[size + 1] = '\0';
	second = text + strlen(text) + 1;
	if (cgroup_v1_dir(text, second, "cpu", dir, sizeof(dir)) == 0 && !memchr(dir, '\0', sizeof(dir)))
		abort();
	procfile_field(text, "VmHWM", 10, &v);
	procfile_field(text, "CapEff", 16, &v);
	steal_ticks(text, &cpus);
	free(text);
	return 0;
}
