/* SPDX-License-Identifier: Apache-2.0 */
#include "journal/counted.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "base/vec.h"

#define SUFFIX ".conf"

size_t counted_stem(const char *name)
{
	size_t n = strlen(name) - (text_ends(name, SUFFIX) ? strlen(SUFFIX) : 0), at = n;

	while (at && strchr("-0123456789", name[at - 1]))
		at--;
	return at > 1 && at < n && name[at - 1] == '+' ? at - 1 : n;
}

char *counted_now(const char *path)
{
	const char *name = strrchr(path, '/') + 1;
	AUTO_FREE char *folder = xstrndup(path, (size_t) (name - path)), *found = NULL;
	AUTO_DIR DIR *list = NULL;
	size_t n = counted_stem(name);

	if (!text_ends(path, SUFFIX) || !text_ends(folder, "/loader/entries/") || access(path, F_OK) == 0 || errno != ENOENT)
		return NULL;
	list = opendir(folder);
	for (const struct dirent *d; list && (d = readdir(list));) {
		if (!text_ends(d->d_name, SUFFIX) || counted_stem(d->d_name) != n || memcmp(d->d_name, name, n) != 0)
			continue;
		if (found)
			return NULL; /* two: which one it was is not to be told */
		found = xprintf("%s%s", folder, d->d_name);
	}
	return TAKE(found);
}
