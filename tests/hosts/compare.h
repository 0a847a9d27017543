/* SPDX-License-Identifier: Apache-2.0 */
/* compare - two trees of files: the same names, the same bytes. */
#ifndef TESTS_HOSTS_COMPARE_H
#define TESTS_HOSTS_COMPARE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/value.h"
#include "base/vec.h"

static inline size_t compare_files(const char *a, const char *b)
{
	AUTO_FREE char *x = NULL, *y = NULL;
	struct err err = { 0 };
	size_t nx, ny;

	if (file_read_all(a, 1 << 20, &x, &nx, &err) < 0 || file_read_all(b, 1 << 20, &y, &ny, &err) < 0) {
		fprintf(stderr, "%s: %s\n", b, err.text);
		return 1;
	}
	if (nx == ny && memcmp(x, y, nx) == 0)
		return 0;
	/* The kernel shows all choices and takes one; a plain file holds what was written last. */
	if (strchr(x, '[') && value_same(VALUE_CHOICE, x, y))
		return 0;
	fprintf(stderr, "%s was \"%s\", is \"%s\"\n", b, x, y);
	return 1;
}

/* How many files and folders differ; each is named on stderr. */
static inline size_t compare_trees(const char *a, const char *b)
{
	struct fs_names names = { 0 }, other = { 0 };
	struct err err = { 0 };
	size_t differ = 0;
	struct fs fa, fb;

	if (fs_open_root(&fa, a, &err) < 0 || fs_open_root(&fb, b, &err) < 0 || fs_list(&fa, ".", &names) < 0 ||
	    fs_list(&fb, ".", &other) < 0)
		abort();
	if (names.n != other.n) {
		fprintf(stderr, "%s has %zu names, had %zu\n", b, other.n, names.n);
		differ++;
	}
	for (size_t i = 0; i < names.n; i++) {
		AUTO_FREE char *x = xprintf("%s/%s", a, names.at[i]), *y = xprintf("%s/%s", b, names.at[i]);
		struct stat st;

		if (lstat(x, &st) == 0 && S_ISDIR(st.st_mode))
			differ += compare_trees(x, y);
		else
			differ += compare_files(x, y);
	}
	fs_list_free(&names);
	fs_list_free(&other);
	fs_close(&fa);
	fs_close(&fb);
	return differ;
}

#endif
