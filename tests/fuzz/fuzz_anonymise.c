/* SPDX-License-Identifier: Apache-2.0 */
/* What is masked twice is masked once: nothing that looks private is left to be found again. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "capture/mask.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void files(const char *text, size_t len)
{
	static const char *const paths[] = { "proc/cmdline", "proc/7/cmdline", "proc/7/stat", "proc/7/status",
					     "proc/7/mountinfo" };
	struct mask *m = mask_new("server7");

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		struct sink out = { 0 };

		mask_file(m, paths[i], text, len, &out);
		if (!out.text)
			abort();
		sink_free(&out);
	}
	mask_free(m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mask *m = mask_new("server7");
	struct sink out = { 0 };
	char *text = malloc(size + 1);

	if (!text)
		abort();
	memcpy(text, data, size);
	text[size] = '\0';
	mask_text(m, text, size, &out);
	if (!mask_count(m) && (out.len != size || memcmp(out.text, text, size) != 0))
		abort(); /* nothing to replace, nothing changed */
	sink_free(&out);
	mask_free(m);
	files(text, size);
	free(text);
	return 0;
}
