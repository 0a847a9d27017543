/* SPDX-License-Identifier: Apache-2.0 */
/* vlat version - the same as --version, for those who type it as a word. */
#include "cmd/command.h"
#include "cmd/table.h"

static const struct example version_examples[] = {
	{ .line = "vlat version", .what = "print the version" },
};

static int run_version(const struct call *call)
{
	struct sink out = { 0 };

	(void) call;
	sink_put(&out, "vlat " VLAT_VERSION "\n");
	return cmd_print(&out);
}

const struct command cmd_version = {
	.name = "version",
	.brief = "print the version",
	.text = "Prints the name and version of vlat, as vlat --version does.",
	ROWS(examples, version_examples),
	.run = run_version,
};
