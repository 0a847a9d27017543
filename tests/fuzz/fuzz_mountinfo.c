/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "container/cgroup.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_FREE char *s = strndup((const char *) data, size);
	struct cgroups c;

	if (!s)
		return 0;
	cgroups_parse(s, &c);
	if (c.n > CGROUP_MOUNTS_MAX || (c.layout == CGROUP_NONE) != (c.n == 0))
		abort();
	for (size_t i = 0; i < c.n; i++)
		if (!memchr(c.mount[i].path, '\0', sizeof(c.mount[i].path)) || (!c.mount[i].v2 && !c.mount[i].controllers[0]))
			abort();
	(void) cgroups_find(&c, "cpu");
	return 0;
}
