/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A parser that fails leaves what it was given alone; one that succeeds keeps its promise. */
static void numbers(const char *s)
{
	uint64_t u = 7;
	int64_t i = 7;
	double d = 7;
	bool b = true;

	if (text_u64(s, &u) < 0 && u != 7)
		abort();
	if (text_i64(s, &i) < 0 && i != 7)
		abort();
	if (text_double(s, &d) < 0 ? d != 7 : !isfinite(d))
		abort();
	if (text_bool(s, &b) < 0 && !b)
		abort();
	u = 7;
	if (text_duration(s, &u) < 0 ? u != 7 : u >> 63)
		abort();
	u = 7;
	if (text_size(s, &u) < 0 ? u != 7 : u >> 63)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = { "measure", "study", "report", "compare", "revert", "help" };
	AUTO_FREE char *s = strndup((const char *) data, size);
	const char *near;

	if (!s)
		return 0;
	numbers(s);
	if (text_is_name(s) && (strchr(s, '/') || strstr(s, "..") || strlen(s) > 64))
		abort();
	near = text_nearest(s, names, ARRAY_SIZE(names));
	if (near && !strlen(near))
		abort();
	text_trim(s);
	return 0;
}
