/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a message of the kernel's: an event whose words end, or none; what it adds to what came is bounded. */
#include <stdlib.h>
#include <string.h>

#include "keep/hotplug.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct uevent e;
	struct came c = { 0 };

	if (!uevent_parse((const char *) data, size, &e))
		return 0;
	if (!memchr(e.action, '\0', sizeof(e.action)) || !memchr(e.devpath, '\0', sizeof(e.devpath)) || e.devpath[0] != '/' ||
	    !memchr(e.address, '\0', sizeof(e.address)) || e.cpu < -1)
		abort();
	came_note(&c, &e);
	if (c.n_cards > 1)
		abort();
	return 0;
}
