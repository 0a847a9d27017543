/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "workload/pages.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = strndup((const char *) data, size);
	struct smaps_area area = { .begin = 1 };

	if (!text)
		return 0;
	/* Found: the address is inside.  Not found: nothing was written. */
	if (smaps_find(text, 0x7f0000001000, &area) ? area.begin > 0x7f0000001000 || area.end <= 0x7f0000001000 : area.begin != 1)
		abort();
	free(text);
	return 0;
}
