/* SPDX-License-Identifier: Apache-2.0 */
#include "base/companion.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"

void companion_folder(char ret[PATH_MAX])
{
	ssize_t n = readlink("/proc/self/exe", ret, PATH_MAX - 1);
	char *slash;

	ret[n > 0 ? n : 0] = '\0';
	slash = strrchr(ret, '/');
	if (slash)
		*slash = '\0';
}

int companion_find(const char *const *beside, size_t n, const char *configured, int mode, char *buf, size_t cap)
{
	char self[PATH_MAX];

	companion_folder(self);
	for (size_t i = 0; self[0] && i < n; i++)
		if (!text_print(buf, cap, "%s%s", self, beside[i]) && access(buf, mode) == 0)
			return 0;
	return !text_print(buf, cap, "%s", configured) && access(buf, mode) == 0 ? 0 : -ENOENT;
}
