/* SPDX-License-Identifier: Apache-2.0 */
/*
 * golden - a text compared with the file that holds what it should be.
 * VLAT_GOLDEN=write writes the files instead (then read the difference with
 * git before you keep it):  VLAT_GOLDEN=write meson test -C BUILD --suite unit
 * Include after cmocka.h.
 */
#ifndef GOLDEN_GOLDEN_H
#define GOLDEN_GOLDEN_H

#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "base/text.h"

/* name: below tests/golden, "oci/stock.json". */
static inline void golden_check(const char *name, const char *text)
{
	const char *mode = getenv("VLAT_GOLDEN");
	struct err e = { 0 };
	char path[512], *want;
	size_t len;

	assert_false(text_print(path, sizeof(path), SOURCE_ROOT "/tests/golden/%s", name));
	if (mode && strcmp(mode, "write") == 0) {
		if (file_write_atomic(path, text, strlen(text), 0644, &e) < 0)
			fail_msg("%s", e.text);
		return;
	}
	if (file_read_all(path, 1 << 20, &want, &len, &e) < 0)
		fail_msg("%s (VLAT_GOLDEN=write makes it)", e.text);
	assert_string_equal(text, want);
	free(want);
}

#endif
