/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a scraper's request: a verdict, the same however the bytes are cut into pieces. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "keep/http.h"
#include "keep/watch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum http_verdict whole = http_request((const char *) data, size), part = HTTP_MORE;
	char *text = calloc(size + 1, 1);
	uint64_t all, forced;

	for (size_t n = 0; n <= size && part == HTTP_MORE; n++)
		part = http_request((const char *) data, n);
	if (part != whole)
		abort();
	memcpy(text, data, size);
	watch_switches(text, &all, &forced);
	free(text);
	return 0;
}
