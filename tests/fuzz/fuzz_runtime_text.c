/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "container/bundle.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* One line without control characters, whatever was printed. */
static void check(const char *s, size_t cap)
{
	if (strlen(s) >= cap)
		abort();
	for (; *s; s++)
		if ((unsigned char) *s < ' ')
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_FREE char *s = strndup((const char *) data, size);
	char buf[64];

	if (!s)
		return 0;
	check(runtime_complaint(s, buf, sizeof(buf)), sizeof(buf));
	check(runtime_version(s, buf, sizeof(buf)), sizeof(buf));
	return 0;
}
