/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/companion.h"
#include "base/text.h"
#include "run/parts.h"

/* What the caller says, the environment, beside vlat (installed, or a build tree), the configured place. */
int run_agent(const struct run_spec *spec, char *buf, size_t cap, struct err *err)
{
	static const char *const beside[] = { "/vlat-agent", "/agent/vlat-agent", "/../libexec/vlat/vlat-agent" };
	const char *named = spec->agent ? spec->agent : getenv("VLAT_AGENT");
	char self[PATH_MAX];

	if (named)
		return text_print(buf, cap, "%s", named) || access(buf, X_OK) < 0
			       ? err_set(err, -ENOENT, "the agent '%s' is not an executable file", named)
			       : 0;
	if (companion_find(beside, ARRAY_SIZE(beside), VLAT_LIBEXECDIR "/vlat-agent", X_OK, buf, cap) == 0)
		return 0;
	companion_folder(self);
	return err_set(
		err, -ENOENT,
		"vlat-agent, with which container runtimes and accelerators are tried, was found neither beside vlat (%s) nor "
		"in %s: build it, install it, or name it in VLAT_AGENT",
		self, VLAT_LIBEXECDIR);
}
