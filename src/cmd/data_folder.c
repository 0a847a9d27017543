/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/data_folder.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/companion.h"
#include "base/text.h"
#include "base/vec.h"

/* The user's word, the source tree around build/src/vlat, an installation moved as a whole, the configured one. */
int data_folder(const char *kind, char ret[PATH_MAX], struct err *err)
{
	AUTO_FREE char *built = xprintf("/../../data/%s", kind), *moved = xprintf("/../share/vlat/%s", kind);
	AUTO_FREE char *configured = xprintf("%s/%s", VLAT_DATADIR, kind);
	const char *const beside[] = { built, moved };
	const char *named = getenv("VLAT_DATA");

	if (named && !text_print(ret, PATH_MAX, "%s/%s", named, kind))
		return 0;
	if (companion_find(beside, ARRAY_SIZE(beside), configured, R_OK, ret, PATH_MAX) == 0)
		return 0;
	return err_set(err, -ENOENT,
		       "the %s that come with vlat are neither beside it nor in %s; set VLAT_DATA to the folder that has %s",
		       kind, VLAT_DATADIR, kind);
}
