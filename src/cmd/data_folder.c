/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/data_folder.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"

/* The user's word, the source tree around build/src/vlat, an installation moved as a whole, the configured one. */
int data_folder(const char *kind, char ret[PATH_MAX], struct err *err)
{
	static const char *const beside[] = { "/../../data", "/../share/vlat" };
	const char *named = getenv("VLAT_DATA");
	char self[PATH_MAX] = "";
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (named && !text_print(ret, PATH_MAX, "%s/%s", named, kind))
		return 0;
	if (n > 0 && strrchr(self, '/'))
		*strrchr(self, '/') = '\0';
	for (size_t i = 0; n > 0 && i < ARRAY_SIZE(beside); i++)
		if (!text_print(ret, PATH_MAX, "%s%s/%s", self, beside[i], kind) && access(ret, R_OK) == 0)
			return 0;
	if (!text_print(ret, PATH_MAX, "%s/%s", VLAT_DATADIR, kind) && access(ret, R_OK) == 0)
		return 0;
	return err_set(err, -ENOENT, "the %s that come with vlat are neither beside it nor in %s; set VLAT_DATA", kind,
		       VLAT_DATADIR);
}
